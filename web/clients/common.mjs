// What the scripts of clients_test.go share: what the test tells them, and the
// clients as pages make them.
import { createClient as createStreams } from "graphql-sse";
import { createClient as createSockets } from "graphql-ws";
import WebSocket from "ws";

/** What the test says: url, token, board and so on. */
export const given = JSON.parse(process.argv[2]);

export const stageMoved = `subscription ($pipeline: ID!, $after: String) {
  stageMoved(pipelineId: $pipeline, after: $after) {
    __typename
    ... on Event { cursor actor { name } }
    ... on CardMoved { cardId fromStageId toStageId from { summary { dealCount } } to { summary { dealCount } } }
  }
}`;

export const moveDeal = `mutation ($id: ID!, $stage: ID!) {
  moveDeal(input: { id: $id, stageId: $stage }) { deal { id } userErrors { message } }
}`;

export const sockets = (options) =>
  createSockets({
    url: `${given.url.replace("http", "ws")}/graphql`,
    connectionParams: { Authorization: `Bearer ${given.token}` },
    webSocketImpl: WebSocket,
    retryWait: async () => {},
    ...options,
  });

export const streams = (options) =>
  createStreams({
    url: `${given.url}/graphql`,
    headers: { Authorization: `Bearer ${given.token}` },
    retry: async () => {},
    ...options,
  });

/** An operation over HTTP, as pages send them. */
export async function post(query, variables) {
  const response = await fetch(`${given.url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${given.token}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()).data;
}

/** Runs one operation of a client to its end: its results, and the error that ended it. */
export function run(client, request) {
  const results = [];
  return new Promise((resolve) => {
    client.subscribe(request, {
      next: (result) => results.push(result),
      error: (error) => resolve({ results, error }),
      complete: () => resolve({ results }),
    });
  });
}
