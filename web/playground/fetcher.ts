import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

/** Sends queries and mutations over HTTP, subscriptions over a WebSocket, all with the token. */
export function createFetcher(endpoint: string, token: string): Fetcher {
  const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  return createGraphiQLFetcher({
    url: endpoint,
    headers: authorization,
    enableIncrementalDelivery: false,
    wsClient: createClient({
      url: new URL(endpoint, location.href.replace(/^http/, "ws")).href,
      // A browser sets no headers on a WebSocket: the token goes in its first message.
      connectionParams: authorization,
      retryAttempts: 0,
    }),
  });
}
