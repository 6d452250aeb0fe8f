// What a partner's app asks for, which its build writes into a manifest.
import { gql } from "@apollo/client";

const card = gql`
  fragment Card on Deal {
    id
    title
    stage {
      id
    }
  }
`;

export const pipelineDeals = gql`
  query PipelineDeals($id: ID!, $first: Int!) {
    pipeline(id: $id) {
      id
      name
      deals(first: $first) {
        nodes {
          ...Card
        }
      }
    }
  }
  ${card}
`;

export const makeDeal = gql`
  mutation MakeDeal($input: CreateDealInput!) {
    createDeal(input: $input) {
      deal {
        ...Card
      }
      userErrors {
        message
      }
    }
  }
  ${card}
`;
