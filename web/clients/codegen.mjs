// The app that tsc made of apps/codegen and of what graphql-codegen generated for it,
// as a partner's: it asks for its documents by the ids in its manifest.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { given } from "./common.mjs";

const { make, pipelineDeals, run, titles } = await import(`${given.app}/built/src/app.js`);
const manifest = JSON.parse(readFileSync(given.manifest, "utf8"));
assert.match(manifest[pipelineDeals.__meta__.hash], /query PipelineDeals/);

assert.equal(await make(given, "Small", given.board.here), "Small");
assert.deepEqual((await titles(given, given.board.pipeline)).sort(), ["Big", "Small"]);
await assert.rejects(run(given, { __meta__: { hash: "0".repeat(64) } }, {}), /No document with this id/);
