// What the scripts of clients_test.go share: what the test tells them, and the
// clients as pages make them.
import assert from "node:assert/strict";
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

/** An exchange of a client with the API: what it asked for, and how, and what it was told. */
class Exchange {
  constructor(url, init, response) {
    const body = init.body ? JSON.parse(init.body) : Object.fromEntries(new URL(url).searchParams);
    const extensions = typeof body.extensions === "string" ? JSON.parse(body.extensions) : body.extensions;
    Object.assign(this, { url, init, response, body, method: init.method ?? "GET" });
    this.text = body.query;
    this.hash = extensions?.persistedQuery?.sha256Hash;
    this.id = body.documentId ?? body.doc_id;
  }

  /** Such as "GET hash: 200". */
  toString() {
    const names = ["id", "hash", "text"].filter((name) => this[name]);
    return `${this.method} ${names.join(", ")}: ${this.response.status}`;
  }
}

/** A fetch, and what was sent by it. */
export function wiretap() {
  const sent = [];
  return {
    sent,
    fetch: async (url, init = {}) => {
      const response = await fetch(url, init);
      sent.push(new Exchange(url, init, response));
      return response;
    },
  };
}

/** Repeats a GET with the ETag of its answer, as browsers do: it is good until a change. */
export async function isUnchangedUntil({ url, init, response }, change) {
  const etag = response.headers.get("etag");
  assert.match(etag, /^"[^"]+"$/);
  const headers = { ...Object.fromEntries(new Headers(init.headers)), "If-None-Match": etag };
  const unchanged = await fetch(url, { headers });
  assert.equal(unchanged.status, 304);
  assert.equal(await unchanged.text(), "");
  assert.equal(unchanged.headers.get("etag"), etag);
  await change();
  const changed = await fetch(url, { headers });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("etag"), etag);
  assert.ok((await changed.json()).data);
}
