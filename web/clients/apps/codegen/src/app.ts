// A partner's app: its documents have types, and it asks for them by their ids.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { graphql } from "./gql/index.js";

export const pipelineDeals = graphql(`
  query PipelineDeals($id: ID!, $first: Int) {
    pipeline(id: $id) {
      name
      deals(first: $first) {
        nodes {
          id
          title
          status
          value {
            amount
          }
        }
      }
    }
  }
`);

export const makeDeal = graphql(`
  mutation MakeDeal($input: CreateDealInput!) {
    createDeal(input: $input) {
      deal {
        title
      }
      userErrors {
        message
      }
    }
  }
`);

export type Api = { url: string; key: string };

/** Runs a published document. */
export async function run<Data, Variables>(
  { url, key }: Api,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const documentId = (document as { __meta__?: { hash?: string } }).__meta__?.hash;
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ documentId, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors) throw new Error(errors[0]?.message);
  return data;
}

export async function make(api: Api, title: string, stageId: string): Promise<string | undefined> {
  const contact = { email: `${title}@example.com` };
  const { createDeal } = await run(api, makeDeal, { input: { title, stageId, contact } });
  return createDeal.deal?.title;
}

export async function titles(api: Api, id: string): Promise<string[]> {
  const { pipeline } = await run(api, pipelineDeals, { id });
  return (pipeline?.deals.nodes ?? []).map(({ title }) => title);
}
