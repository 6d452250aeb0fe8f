// A move that one client makes is seen by others, over sockets and over event streams.
import assert from "node:assert/strict";
import { given, moveDeal, post, sockets, stageMoved, streams } from "./common.mjs";

const { pipeline, here, there, deal } = given.board;
const after = (await post("{ eventCursor }")).eventCursor;

const mover = sockets();
const watchers = { "graphql-ws": sockets(), "graphql-ws, the mover": mover, "graphql-sse": streams() };
const seen = Object.fromEntries(
  Object.entries(watchers).map(([name, client]) => [
    name,
    client.iterate({ query: stageMoved, variables: { pipeline, after } }),
  ]),
);

async function everyoneSees(from, to) {
  for (const [name, events] of Object.entries(seen)) {
    const { value } = await events.next();
    const { cursor, ...event } = value.data.stageMoved;
    assert.match(cursor, /^[\w-]+$/);
    assert.deepEqual(event, {
      __typename: "CardMoved",
      actor: { name: "ada" },
      cardId: deal,
      fromStageId: from,
      toStageId: to,
      from: { summary: { dealCount: 0 } },
      to: { summary: { dealCount: 1 } },
    }, name);
  }
}

const { value: moved } = await mover.iterate({ query: moveDeal, variables: { id: deal, stage: there } }).next();
assert.deepEqual(moved.data.moveDeal, { deal: { id: deal }, userErrors: [] });
await everyoneSees(here, there);

await post(moveDeal, { id: deal, stage: here });
await everyoneSees(there, here);

for (const events of Object.values(seen)) await events.return();
for (const client of Object.values(watchers)) client.dispose();
