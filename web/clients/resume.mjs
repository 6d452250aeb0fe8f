// Watches moves over a network that is cut again and again, and prints the cursor
// of each event that it sees. It goes on until the test ends it.
import { given, sockets, stageMoved, streams } from "./common.mjs";

const client = { sockets, streams }[given.transport]({
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
});

// Both clients send the variables as they are when they connect again.
const variables = { pipeline: given.board.pipeline, after: given.after };
function watch() {
  client.subscribe({ query: stageMoved, variables }, {
    next({ data }) {
      variables.after = data.stageMoved.cursor;
      console.log(variables.after);
    },
    // graphql-sse takes some cuts for the end.
    error: (error) => {
      console.error("again, after:", error);
      setTimeout(watch, 20);
    },
    complete: () => {
      throw new Error("nobody ended it");
    },
  });
}
watch();
