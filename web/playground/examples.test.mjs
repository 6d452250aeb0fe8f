// Every example must run against the server's own schema.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { buildSchema, getVariableValues, Kind, parse, validate } from "graphql";

const schema = buildSchema(read("../../schema.graphql"));
const examples = readdirSync(new URL("examples", import.meta.url)).filter((file) => file.endsWith(".graphql"));

test("there are examples", () => assert.ok(examples.length > 0));

for (const file of examples) {
  const source = read(`examples/${file}`);

  test(`${file} starts with a comment: its title and what it shows`, () => {
    assert.match(source, /^# [^:\n]+: \S/);
  });

  test(`${file} is one named operation the schema allows`, () => {
    const document = parse(source);
    assert.deepEqual(validate(schema, document).map(String), []);

    const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    assert.equal(operations.length, 1);
    assert.ok(operations[0].name);
  });

  test(`${file} comes with the variables it needs`, () => {
    const path = `examples/${file.replace(/\.graphql$/, ".variables.json")}`;
    const variables = existsSync(new URL(path, import.meta.url)) ? JSON.parse(read(path)) : {};
    const definitions = parse(source).definitions.flatMap((definition) => definition.variableDefinitions ?? []);

    assert.deepEqual(getVariableValues(schema, definitions, variables).errors ?? [], []);
    const declared = definitions.map((definition) => definition.variable.name.value);
    assert.deepEqual(Object.keys(variables).filter((name) => !declared.includes(name)), []);
  });
}

function read(path) {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}
