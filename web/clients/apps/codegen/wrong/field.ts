// Reads a field that the document does not ask for.
import { type Api, pipelineDeals, run } from "../src/app.js";

export async function owners(api: Api, id: string) {
  const { pipeline } = await run(api, pipelineDeals, { id });
  return pipeline?.deals.nodes.map((deal) => deal.assignedTo);
}
