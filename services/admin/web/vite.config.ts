import { join } from "node:path";
import { defineConfig } from "vite";
import { compressed } from "./compress-plugin.ts";
import { makers } from "./makers-plugin.ts";

// biome-ignore lint/style/noDefaultExport: Vite takes its configuration from the default export
export default defineConfig({
  plugins: [makers(), compressed()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    // The dictionaries that judge a password's strength are loaded when one is typed.
    chunkSizeWarningLimit: 2500,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        index: join(import.meta.dirname, "index.html"),
        worker: join(import.meta.dirname, "src/worker.ts"),
      },
      output: {
        // Browsers ask for the worker by one name, and look whether it changed.
        entryFileNames: ({ name }) =>
          name === "worker" ? "worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
});
