// Validates the description of a partner's endpoints as OpenAPI 3.1, and then real
// answers by what it says of them: `openapi.mjs {"url": …, "token": …, "client": …}`.
// The key is for the documents that come with the program.
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const { url, token, client } = JSON.parse(process.argv[2]);
const base = `${url}/api/${client}`;
const authorization = `Bearer ${token}`;
const problems = [];
const complain = (...words) => problems.push(words.join(" "));

const description = await (await fetch(`${base}/openapi.json`, { headers: { authorization } })).json();
const found = await new Validator().validate(structuredClone(description));
if (!found.valid) complain("the description:", JSON.stringify(found.errors));

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
const ids = new Set(operations.map((one) => one.operationId));
if (ids.size !== operations.length) complain("operations share an id");
for (const { operationId, parameters, requestBody } of operations) {
  for (const parameter of parameters) {
    if (!parameter.description) complain(operationId, "does not describe", parameter.name);
  }
  for (const { schema } of Object.values(requestBody?.content ?? {})) {
    for (const [name, property] of Object.entries(schema.properties)) {
      if (!property.description) complain(operationId, "does not describe", name);
    }
  }
}

// The schemas of answers stand by themselves but for the references to those of all.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
addFormats(ajv);
ajv.addVocabulary(["components"]); // what references lead to
ajv.addFormat("int32", { type: "number", validate: Number.isInteger });
ajv.addFormat("double", { type: "number", validate: Number.isFinite });
const compile = (schema) => ajv.compile({ ...schema, components: description.components });

const tried = new Set();

/** Asks for an operation, and validates what is sent and what is answered. */
async function call(name, variables = {}, status = 200, form) {
  const operation = operations.find((one) => one.operationId === name);
  if (!operation) return complain("there is no", name);
  let request = { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(variables) };
  let query = "";
  if (operation.method === "get") {
    request = { headers: { authorization } };
    query = `?${new URLSearchParams(Object.entries(variables).flatMap(([key, value]) => [value].flat().map((one) => [key, one])))}`;
  } else if (form) {
    request = { method: "POST", headers: { authorization, "x-requested-with": "fetch" }, body: form };
  } else if (status === 200) {
    const sent = compile(operation.requestBody.content["application/json"].schema);
    if (!sent(variables)) complain(name, "does not take", JSON.stringify(variables), ajv.errorsText(sent.errors));
  }
  const answer = await fetch(base + operation.path + query, request);
  const body = await answer.json();
  if (answer.status !== status) complain(name, "is answered", answer.status, JSON.stringify(body));
  const media = answer.headers.get("content-type").split(";")[0];
  const schema = operation.responses[answer.status]?.content[media]?.schema;
  if (!schema) return complain(name, "does not tell of", answer.status, media);
  const answered = compile(closed(schema));
  if (!answered(body)) complain(name, "answers", JSON.stringify(body), ajv.errorsText(answered.errors));
  if (status === 200) tried.add(name);
  return Object.values(body)[0];
}

/** The same schema, by which nothing may be answered that it does not tell of. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== "object") return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return schema.properties && !("additionalProperties" in schema) ? { ...copy, additionalProperties: false } : copy;
}

const nobody = (kind) => `${kind}_00000000000000000000000000`;

const { pipeline } = await call("CreatePipeline", { name: "Sales", description: null, stages: [{ name: "A" }, { name: "B", probability: 0.5 }] });
const [first, second] = pipeline.stages.map((stage) => stage.id);
await call("CreatePipeline", { name: " " }, 422);
const { stage } = await call("CreateStage", { pipelineId: pipeline.id, name: "C", order: 0 });
await call("UpdateStage", { id: stage.id, probability: 1 });
await call("UpdateStage", { id: stage.id, name: "D", expectedVersion: 1 }, 409);
const { lead } = await call("CreateLead", { firstName: "Ada", email: "ada@example.com", phoneNumber: ["1"], socialMedia: { twitter: "x.example" } });
await call("CreateLead", { firstName: "Eve", email: "ada@example.com" }, 409);
await call("UpdateLead", { id: lead.id, company: "Acme", position: null });
await call("AddLeadToStage", { leadId: lead.id, stageId: first });
await call("ListPipelines");
await call("GetPipeline", { id: pipeline.id });
await call("RemoveLeadFromStage", { leadId: lead.id, stageId: first });
const { opportunity } = await call("CreateOpportunity", {
  title: "Big", stageId: first, email: "grace@example.com", tags: ["vip"], monetaryValue: { amount: "12.50" },
});
await call("CreateOpportunity", { title: "Bigger", stageId: first, email: "grace@example.com" }, 409);
await call("UpdateOpportunity", { id: opportunity.id, source: "web" });
await call("ChangeOpportunityStatus", { id: opportunity.id, status: "WON" });
await call("ListOpportunities", { pipelineId: pipeline.id, tags: ["vip"] });
await call("ListOpportunities", { pipelineId: "7" }, 400);
await call("GetOpportunity", { id: opportunity.id });
await call("GetOpportunity", { id: nobody("deal") }, 404);
const { deal } = await call("CreateDeal", { title: "Small", stageId: second, clientId: opportunity.contact.id, probability: 0.25 });
await call("MoveDeal", { id: deal.id, stageId: first, at: "FIRST" });
await call("UpdateDeal", { id: deal.id, value: { amount: "1" } });
await call("ListDeals", { filter: JSON.stringify({ status: { in: ["OPEN"] } }), orderBy: JSON.stringify({ field: "TITLE" }) });
await call("GetDeal", { id: deal.id });
await call("ListPipelineDeals", { pipelineId: pipeline.id });
await call("ListPipelinesWithDeals");
await call("GetPipelineWithDeals", { id: pipeline.id });
await call("ListPipelinesByPage", { first: 1 });
await call("DeleteStage", { id: first }, 409);
await call("DeleteDeal", { id: deal.id });
await call("DeleteOpportunity", { id: opportunity.id });
await call("DeleteStage", { id: stage.id });
await call("ListSalesStages", { limit: 2 });
await call("GetSalesStage", { id: first });
const { sales_stage } = await call("CreateSalesStage", { stage_name: "E" });
await call("UpdateSalesStage", { id: sales_stage.id, stage_name: "F" });
await call("DeleteSalesStage", { id: sales_stage.id });
const { status } = await call("CreateLeadStatus", { name: "Warm", primaryColor: "RED" });
await call("UpdateLeadStatus", { id: status.id, primaryColor: "BLUE" });
await call("ChangeLeadStatus", { ids: [lead.id], statusId: status.id });
await call("DeleteLeadStatus", { id: status.id }, 409);
await call("ReorderLeadStatuses", { statuses: [{ id: status.id, order: 0 }] });
await call("ListLeadStatuses");
const { comment } = await call("AddLeadComment", { id: lead.id, content: "Called." });
await call("EditLeadComment", { id: comment.id, content: "Rang." });
await call("GetLeadTimeline", { id: lead.id });
await call("GetLeadLog", { id: lead.id });
await call("DeleteLeadComment", { id: comment.id });
const form = new FormData();
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
form.set("photo", new Blob([Buffer.from(dot, "base64")]), "dot.png");
form.set("leadId", lead.id);
const photo = await call("UploadLeadPhoto", {}, 200, form);
await call("DeleteLeadPhoto", { fileName: photo.fileName });
await call("UploadLeadPhoto", {}, 415);
await call("ListLeads", { includeArchived: true });
await call("SearchLeads", { text: "ada" });
await call("GetLead", { id: lead.id });
await call("ListRecentLeads");
await call("GetLeadVolume", { interval: "MONTH" });
await call("GetLeadTotals");
await call("ArchiveLeads", { ids: [lead.id] });
await call("RestoreLeads", { ids: [lead.id] });
await call("DeleteLeads", { ids: [lead.id] });
await call("DeleteLeadStatus", { id: status.id });
await call("ArchivePipeline", { id: pipeline.id });
await call("UnarchivePipeline", { id: pipeline.id });
await call("UpdatePipeline", { id: pipeline.id, isDefault: true });
await call("DeletePipeline", { id: pipeline.id });

for (const id of ids) {
  if (!tried.has(id)) complain("nothing has tried", id);
}
for (const problem of problems) console.log(problem);
process.exit(problems.length > 0 ? 1 : 0);
