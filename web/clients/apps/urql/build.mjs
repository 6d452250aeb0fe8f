// Writes the manifest of the app's documents. urql has no program for it: what its
// client sends is the SHA-256 of a text that it makes as below.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { formatDocument, stringifyDocument } from "@urql/core";
import * as documents from "./documents.mjs";

const manifest = {};
for (const document of Object.values(documents)) {
  const text = stringifyDocument(formatDocument(document));
  manifest[createHash("sha256").update(text).digest("hex")] = text;
}
writeFileSync("persisted-documents.json", JSON.stringify(manifest));
