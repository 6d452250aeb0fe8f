// A server whose database does not answer sends clients away, and they come back.
import assert from "node:assert/strict";
import { run, sockets } from "./common.mjs";

let attempts = 0;
const client = sockets({ retryAttempts: 2, on: { connecting: () => attempts++ } });
const { error } = await run(client, { query: "{ viewer { role } }" });
assert.equal(error?.code, 1013, String(error));
assert.equal(attempts, 3);
