// Relay's runtime with what its compiler made of apps/relay, as a partner's app. It
// has no text to send: the compiler leaves ids in their place.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import {
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getSingularSelector,
} from "relay-runtime";
import { given, wiretap } from "./common.mjs";

const artifact = (name) => createRequire(import.meta.url)(`${given.app}/src/__generated__/${name}.graphql`);
const { fetch, sent } = wiretap();

const environment = new Environment({
  store: new Store(new RecordSource()),
  network: Network.create(async ({ id, text }, variables) => {
    assert.equal(text, null);
    return (await post({ doc_id: id, variables })).json();
  }),
});

const post = (body) =>
  fetch(`${given.url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${given.key}` },
    body: JSON.stringify(body),
  });

/** Fetches what a query asks for into the store, and returns what components see of it. */
async function load(query, variables) {
  const operation = createOperationDescriptor(query, variables);
  environment.retain(operation);
  await fetchQuery(environment, query, variables).toPromise();
  return environment.lookup(operation.fragment).data;
}

// The first page comes with the query, and each other one as usePaginationFragment
// asks for it: by the query that the compiler made of the fragment.
const fragment = artifact("Deals_pipeline");
const { connection: [{ count, cursor }], refetch } = fragment.metadata;
const { pipeline } = await load(artifact("DealsQuery"), { id: given.pipeline });
const selector = getSingularSelector(fragment, pipeline);
const list = () => environment.lookup(selector).data.deals;
const sizes = [list().edges.length];
while (list().pageInfo.hasNextPage) {
  await load(refetch.operation, { id: given.pipeline, [count]: 2, [cursor]: list().pageInfo.endCursor });
  sizes.push(list().edges.length);
}
assert.deepEqual(sizes, [2, 4, 5]);
assert.deepEqual(list().edges.map(({ node }) => node.id), given.deals);
assert.deepEqual(sent.splice(0).map(String), ["POST id: 200", "POST id: 200", "POST id: 200"]);

// What a mutation answers is merged into the list, by its id, and says which call it is of.
const { updateDeal } = await new Promise((onCompleted, onError) => {
  const variables = { input: { id: given.deals[3], title: "Renamed", clientMutationId: "7" } };
  commitMutation(environment, { mutation: artifact("DealsRenameMutation"), variables, onCompleted, onError });
});
assert.equal(list().edges[3].node.title, "Renamed");
assert.equal(updateDeal.clientMutationId, "7");

// Nothing else runs.
const name = "DealsQuery";
for (const [body, status, code] of [
  [{ doc_id: "0".repeat(64), variables: {} }, 404, "DOCUMENT_NOT_FOUND"],
  [{ query: `query ${name} { viewer { role } }` }, 403, "DOCUMENT_REQUIRED"],
  [{ doc_id: artifact(name).params.id, query: `query ${name} { viewer { role } }` }, 400, "DOCUMENT_MISMATCH"],
]) {
  const response = await post(body);
  assert.equal(response.status, status);
  assert.equal((await response.json()).errors[0].extensions.code, code);
}
