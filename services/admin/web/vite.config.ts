import { defineConfig } from "vite";

// biome-ignore lint/style/noDefaultExport: Vite takes its configuration from the default export
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
  },
});
