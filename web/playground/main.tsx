import "./workers";
import "graphiql/style.css";
import "./playground.css";

import { createRoot } from "react-dom/client";
import { loadConfig } from "./config";
import { Playground } from "./Playground";

const root = createRoot(document.getElementById("playground")!);

try {
  root.render(<Playground config={await loadConfig()} />);
} catch (error) {
  root.render(<p role="alert">The playground cannot reach its server: {String(error)}</p>);
}
