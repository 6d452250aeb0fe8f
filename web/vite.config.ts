import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One page a folder; each becomes dist/<page>/index.html, and all share dist/assets.
const pages = ["playground"];

export default defineConfig({
  plugins: [react()],
  build: {
    // Go embeds dist, so dist must exist in a fresh checkout. Its .gitkeep is the
    // reason Vite may not empty the folder: `npm run clean` does, and spares it.
    emptyOutDir: false,
    rolldownOptions: {
      input: pages.map((page) => `${page}/index.html`),
      // GraphiQL's "use no memo" has done its work before it gets here.
      checks: { moduleLevelDirective: false },
    },
    // Monaco is a chunk this large, in kB; it loads after the page is up.
    chunkSizeWarningLimit: 2000,
  },
  worker: { format: "es" },
  server: {
    // `npm run dev` serves the page; the API is a `dealflow serve` beside it.
    proxy: {
      "/graphql": { target: "http://localhost:8080", ws: true },
      "/playground.json": "http://localhost:8080",
    },
  },
});
