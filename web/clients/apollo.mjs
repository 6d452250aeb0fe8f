// Apollo Client, as an organization's own page with automatic persisted queries,
// and as a partner's app whose documents are published.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { makeDeal, pipelineDeals } from "./apps/apollo/src/documents.js";
import { given, isUnchangedUntil, wiretap } from "./common.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const input = ({ here }, title) => ({ title, stageId: here, contact: { email: `${title}@example.com` } });

function apollo(token, ...links) {
  const { fetch, sent } = wiretap();
  const http = new HttpLink({ uri: `${given.url}/graphql`, headers: { Authorization: `Bearer ${token}` }, fetch });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([...links, http]),
    defaultOptions: { query: { fetchPolicy: "network-only" } },
  });
  return { client, sent };
}

const titles = ({ data }) => data.pipeline.deals.nodes.map(({ title }) => title);
const isSaid = (code, status) => (error) => {
  assert.equal(error.errors?.[0].extensions.code, code, String(error));
  assert.equal(error.errors[0].extensions.status, status);
  return true;
};

let { token, board } = given.page;
let variables = { id: board.pipeline, first: 10 };

// A page sends a text once, and its hash from then on.
const page = apollo(token, createPersistedQueryLink({ sha256, useGETForHashedQueries: true }));
const first = await page.client.query({ query: pipelineDeals, variables });
assert.deepEqual(titles(first), ["Big"]);
assert.deepEqual(page.sent.splice(0).map(String), ["GET hash: 200", "POST hash, text: 200"]);

const second = await page.client.query({ query: pipelineDeals, variables });
assert.deepEqual(second.data, first.data);
const [get, ...more] = page.sent.splice(0);
assert.equal(String(get), "GET hash: 200");
assert.deepEqual(more, []);

// Who asks with the answer's ETag is told that nothing has changed, until it has.
await isUnchangedUntil(get, async () => {
  const { data } = await page.client.mutate({ mutation: makeDeal, variables: { input: input(board, "Small") } });
  assert.deepEqual(data.createDeal.userErrors, []);
});
// Mutations are never asked for by GET.
assert.deepEqual(page.sent.splice(0).map(String), ["POST hash: 200", "POST hash, text: 200"]);
assert.deepEqual(titles(await page.client.query({ query: pipelineDeals, variables })).sort(), ["Big", "Small"]);
assert.deepEqual(page.sent.splice(0).map(String), ["GET hash: 200"]);

// A partner's app sends the ids of its manifest, and never a text.
({ token, board } = given.partner);
variables = { id: board.pipeline, first: 10 };
const manifest = JSON.parse(readFileSync(given.manifest, "utf8"));
assert.equal(manifest.format, "apollo-persisted-query-manifest");
const published = createPersistedQueryLink({
  ...generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest }),
  useGETForHashedQueries: true,
});
const partner = apollo(token, published);
await partner.client.mutate({ mutation: makeDeal, variables: { input: input(board, "Small") } });
const seen = await partner.client.query({ query: pipelineDeals, variables });
assert.deepEqual(titles(seen).sort(), ["Big", "Small"]);
assert.deepEqual(partner.sent.map(String), ["POST hash: 200", "GET hash: 200"]);
const ids = manifest.operations.map(({ id }) => id);
assert.deepEqual(partner.sent.map(({ hash }) => hash).sort(), ids.sort());
await isUnchangedUntil(partner.sent[1], () =>
  partner.client.mutate({ mutation: makeDeal, variables: { input: input(board, "Another") } }));

// Its key runs no text, be it that of a published document,
const text = apollo(token);
await assert.rejects(text.client.query({ query: pipelineDeals, variables }), isSaid("DOCUMENT_REQUIRED", 403));
assert.deepEqual(text.sent.map(String), ["POST text: 403"]);

// and no document that is not published, though its text comes along.
const other = gql`
  query Other {
    viewer {
      role
    }
  }
`;
const unknown = apollo(token, createPersistedQueryLink({ sha256, useGETForHashedQueries: true, retry: () => true }));
await assert.rejects(unknown.client.query({ query: other }), isSaid("DOCUMENT_NOT_FOUND", 404));
assert.deepEqual(unknown.sent.map(String), ["GET hash: 404", "POST hash, text: 404"]);
