// What graphql-sse makes of streams that are refused, and of those that end.
import assert from "node:assert/strict";
import { given, run, stageMoved, streams } from "./common.mjs";

const variables = { pipeline: given.board.pipeline };

// What is wrong with a request is said before there is a stream, as JSON.
for (const [status, code, request, options] of [
  [400, "BAD_REQUEST", []],
  [400, "GRAPHQL_PARSE_FAILED", { query: "subscription {" }],
  [400, "GRAPHQL_VALIDATION_FAILED", { query: "subscription { nothing }" }],
  [401, "UNAUTHENTICATED", { query: stageMoved, variables }, { headers: {} }],
]) {
  const { results, error } = await run(streams({ retryAttempts: 0, ...options }), request);
  assert.deepEqual(results, []);
  assert.equal(error.response.status, status);
  assert.match(error.response.headers.get("content-type"), /^application\/json/);
  assert.equal((await error.response.json()).errors[0].extensions.code, code);
}

// What is found out later comes in the stream, which is then complete.
async function refused(request, options) {
  const { results, error } = await run(streams({ retryAttempts: 0, ...options }), request);
  assert.equal(error, undefined);
  assert.equal(results.length, 1);
  return results[0].errors[0].extensions.code;
}
assert.equal(await refused({ query: stageMoved, variables: { pipeline: given.board.deal } }), "INVALID_ID");
assert.equal(await refused({ query: stageMoved, variables: { ...variables, after: "x" } }), "BAD_USER_INPUT");
const expiring = { headers: { Authorization: `Bearer ${given.expiring}` } };
assert.equal(await refused({ query: stageMoved, variables }, expiring), "UNAUTHENTICATED");

// Other operations come with their answer, and are complete.
const { results, error } = await run(streams({ retryAttempts: 0 }), { query: "{ viewer { role } }" });
assert.equal(error, undefined);
assert.deepEqual(results.map(({ data }) => data), [{ viewer: { role: "ADMIN" } }]);
