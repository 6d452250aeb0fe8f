// Runs the audits of the GraphQL-over-HTTP specification, all of them, and prints
// what each found: `audits.mjs {"url": …, "token": …}`.
import { serverAudits } from "graphql-http";

const { url, token } = JSON.parse(process.argv[2]);

const audits = serverAudits({
  url: `${url}/graphql`,
  fetchFn: (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  },
});
let failed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== "ok") {
    failed++;
    console.log(`${result.status}: ${audit.id} ${audit.name}: ${result.reason}`);
  }
}
console.log(`${audits.length - failed} of ${audits.length} audits pass`);
process.exit(failed > 0 || audits.length < 61 ? 1 : 0);
