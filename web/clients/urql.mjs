// urql with its exchange for persisted documents, as an organization's own page
// and as a partner's app whose documents are published.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { makeDeal, pipelineDeals } from "./apps/urql/documents.mjs";
import { given, isUnchangedUntil, wiretap } from "./common.mjs";

function urql(token, ...exchanges) {
  const { fetch, sent } = wiretap();
  const client = new Client({
    url: `${given.url}/graphql`,
    exchanges: [cacheExchange, ...exchanges, fetchExchange],
    fetchOptions: { headers: { Authorization: `Bearer ${token}` } },
    preferGetMethod: false,
    requestPolicy: "network-only",
    fetch,
  });
  const deals = ({ pipeline }) => client.query(pipelineDeals, { id: pipeline, first: 10 }).toPromise();
  const make = ({ here }, title) =>
    client.mutation(makeDeal, { input: { title, stageId: here, contact: { email: `${title}@example.com` } } }).toPromise();
  return { client, deals, make, sent };
}

const titles = ({ data, error }) => {
  assert.equal(error, undefined);
  return data.pipeline.deals.nodes.map(({ title }) => title).sort();
};
function isMade({ data, error }) {
  assert.equal(error, undefined);
  assert.deepEqual(data.createDeal.userErrors, []);
}
function isRefused({ data, error }, code, status) {
  assert.equal(data, undefined);
  assert.equal(error.graphQLErrors[0]?.extensions.code, code, String(error));
  assert.equal(error.graphQLErrors[0].extensions.status, status);
}

// A page sends a text once, and its hash from then on.
const { token, board } = given.page;
const page = urql(token, persistedExchange({ preferGetForPersistedQueries: true, enableForMutation: true }));
assert.deepEqual(titles(await page.deals(board)), ["Big"]);
assert.deepEqual(titles(await page.deals(board)), ["Big"]);
const [missed, registered, get, ...more] = page.sent.splice(0);
assert.equal(String(missed), "GET hash: 200");
assert.match(String(registered), /^(GET|POST) hash, text: 200$/);
assert.equal(String(get), "GET hash: 200");
assert.deepEqual(more, []);

// Who asks with the answer's ETag is told that nothing has changed, until it has.
await isUnchangedUntil(get, async () => isMade(await page.make(board, "Small")));
// Mutations are never asked for by GET.
assert.deepEqual(page.sent.splice(0).map(String), ["POST hash: 200", "POST hash, text: 200"]);
assert.deepEqual(titles(await page.deals(board)), ["Big", "Small"]);
assert.deepEqual(page.sent.splice(0).map(String), ["GET hash: 200"]);

// A partner's app sends the hashes in its manifest, and never a text.
const manifest = JSON.parse(readFileSync(given.manifest, "utf8"));
const enforced = () =>
  persistedExchange({ preferGetForPersistedQueries: true, enforcePersistedQueries: true, enableForMutation: true });
const { token: key, board: theirs } = given.partner;
const partner = urql(key, enforced());
isMade(await partner.make(theirs, "Small"));
assert.deepEqual(titles(await partner.deals(theirs)), ["Big", "Small"]);
assert.deepEqual(partner.sent.map(String), ["POST hash: 200", "GET hash: 200"]);
assert.deepEqual(partner.sent.map(({ hash }) => hash).sort(), Object.keys(manifest).sort());
await isUnchangedUntil(partner.sent[1], async () => isMade(await partner.make(theirs, "Another")));

// Its key runs no text, be it that of a published document,
const text = urql(key);
isRefused(await text.deals(theirs), "DOCUMENT_REQUIRED", 403);
assert.deepEqual(text.sent.map(String), ["POST text: 403"]);

// and no document that is not published, though its text comes along.
const other = gql`
  query Other {
    viewer {
      role
    }
  }
`;
for (const exchange of [enforced(), persistedExchange({ preferGetForPersistedQueries: true })]) {
  const unknown = urql(key, exchange);
  isRefused(await unknown.client.query(other, {}).toPromise(), "DOCUMENT_NOT_FOUND", 404);
  assert.deepEqual(unknown.sent.map(String), ["GET hash: 404"]);
}
