// What a partner's app asks for.
import { gql } from "@urql/core";

export const pipelineDeals = gql`
  query PipelineDeals($id: ID!, $first: Int!) {
    pipeline(id: $id) {
      id
      name
      deals(first: $first) {
        nodes {
          id
          title
        }
      }
    }
  }
`;

export const makeDeal = gql`
  mutation MakeDeal($input: CreateDealInput!) {
    createDeal(input: $input) {
      deal {
        id
        title
      }
      userErrors {
        message
      }
    }
  }
`;
