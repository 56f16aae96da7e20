import { defineConfig } from "vite";

// The bundle ships in the wheel, under names without hashes: it is always served by the wordkin that it came with.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/wordkin/inspector/static",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { entryFileNames: "page.js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
