// The close codes of sockets, as graphql-ws gets to know them.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { given, moveDeal, post, run, sockets, stageMoved } from "./common.mjs";

const { pipeline, here, there, deal } = given.board;
const watch = { query: stageMoved, variables: { pipeline } };

// A client that sends something else than it should.
const meddling = (type, instead) =>
  class extends WebSocket {
    send(text) {
      const messages = JSON.parse(text).type === type ? instead(text) : [text];
      for (const message of messages) super.send(message);
    }
  };
const twice = (text) => [text, text];
const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: watch });

for (const [code, options] of [
  [4400, { webSocketImpl: meddling("subscribe", () => ["hello"]) }],
  [4400, { webSocketImpl: meddling("subscribe", () => [`{"type":"start"}`]) }],
  [4401, { webSocketImpl: meddling("connection_init", () => [subscribe]) }],
  [4403, { connectionParams: { Authorization: "Bearer nobody" } }],
  [4403, { connectionParams: {} }],
  [4408, { webSocketImpl: meddling("connection_init", () => []) }],
  [4409, { webSocketImpl: meddling("subscribe", twice) }],
  [4429, { webSocketImpl: meddling("connection_init", twice) }],
]) {
  const { error } = await run(sockets({ retryAttempts: 0, ...options }), watch);
  assert.equal(error?.code, code, String(error));
  assert.notEqual(error.reason, "");
}

// What is wrong with a subscription ends it, and not the socket.
const { error: refused } = await run(sockets(), { query: stageMoved, variables: { pipeline, after: "x" } });
assert.equal(refused[0].extensions.code, "BAD_USER_INPUT");

// A user may have two sockets here.
const as = { connectionParams: { token: given.crowd } };
const open = [sockets(as), sockets(as)];
const events = open.map((client) => client.iterate(watch));
// Something must have come, or else it may be another one that is refused.
for (const client of open) await client.iterate({ query: "{ viewer { role } }" }).next();
const { error: crowded } = await run(sockets({ retryAttempts: 0, ...as }), watch);
assert.equal(crowded?.code, 4429);
for (const one of events) await one.return();
for (const client of open) await client.dispose();

// A token that expires closes the socket. The client connects again with a new
// one, and sees what happened meanwhile.
const tokens = [given.expiring, given.token];
const closed = [];
const variables = { pipeline, after: (await post("{ eventCursor }")).eventCursor };
const client = sockets({
  connectionParams: () => ({ Authorization: `Bearer ${tokens.shift()}` }),
  on: {
    closed: async ({ code, reason }) => {
      closed.push([code, reason]);
      if (code === 4403) await post(moveDeal, { id: deal, stage: there });
    },
  },
});
await new Promise((resolve, reject) => {
  client.subscribe({ query: stageMoved, variables }, {
    next: ({ data }) => resolve(assert.equal(data.stageMoved.fromStageId, here)),
    error: reject,
    complete: reject,
  });
});
await client.dispose();
assert.deepEqual(closed, [[4403, "Forbidden: the token has expired"]]);
