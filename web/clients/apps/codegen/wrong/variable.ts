// Gives a variable a value of another type.
import { type Api, pipelineDeals, run } from "../src/app.js";

export const few = (api: Api, id: string) => run(api, pipelineDeals, { id, first: "2" });
