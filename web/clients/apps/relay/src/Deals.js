// What a partner's app asks for: a list of deals that grows as its user scrolls.
import { graphql } from "relay-runtime";

export const query = graphql`
  query DealsQuery($id: ID!) {
    pipeline(id: $id) {
      name
      ...Deals_pipeline
    }
  }
`;

export const deals = graphql`
  fragment Deals_pipeline on Pipeline
  @refetchable(queryName: "DealsPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 2 }
    cursor: { type: "String" }
  ) {
    deals(first: $count, after: $cursor) @connection(key: "Deals_deals") {
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;

export const rename = graphql`
  mutation DealsRenameMutation($input: UpdateDealInput!) {
    updateDeal(input: $input) {
      deal {
        id
        title
      }
      userErrors {
        message
      }
      clientMutationId
    }
  }
`;
