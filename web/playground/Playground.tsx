import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useMemo } from "react";
import type { Config } from "./config";
import { examples } from "./examples";
import { examplesPlugin } from "./ExamplesPane";
import { createFetcher } from "./fetcher";
import icon from "./icon.svg";
import { TokenField, useToken } from "./token";

const plugins = [examplesPlugin, HISTORY_PLUGIN];
const defaultTabs = examples.slice(0, 1);

export function Playground({ config }: { config: Config }) {
  const [token, setToken] = useToken();
  // A new token is a new fetcher, and GraphiQL reads the schema again with it.
  const fetcher = useMemo(() => createFetcher(config.endpoint, token), [config.endpoint, token]);

  return (
    <div className="playground">
      <header className="bar">
        <img src={icon} alt="" width="24" height="24" />
        <h1>Dealflow</h1>
        <TokenField token={token} onChange={setToken} />
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          visiblePlugin={examplesPlugin}
          defaultTabs={defaultTabs}
          defaultEditorToolsVisibility="variables"
          inputValueDeprecation
          schemaDescription
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </div>
  );
}
