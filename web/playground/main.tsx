import "./workers";
import "graphiql/style.css";
import "./playground.css";

import { createRoot } from "react-dom/client";
import { loadConfig } from "./config";
import { Playground } from "./Playground";
import { takeTokenFromAddress } from "./token";

takeTokenFromAddress();
// An address opened in a tab that has the page already only changes the fragment.
addEventListener("hashchange", () => {
  if (takeTokenFromAddress()) location.reload();
});

const root = createRoot(document.getElementById("playground")!);

try {
  root.render(<Playground config={await loadConfig()} />);
} catch (error) {
  root.render(<p role="alert">The playground cannot reach its server: {String(error)}</p>);
}
