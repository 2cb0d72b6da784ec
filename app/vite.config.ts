import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { offline } from "./tools/offline-plugin.mjs";

const library = new URL("../dist/api/index.js", import.meta.url).pathname;

export default defineConfig({
  // Relative addresses: the folder runs under any path of any host.
  base: "./",
  plugins: [svelte(), offline()],
  resolve: { alias: { atlasmtl: library } },
  worker: { format: "es" },
  server: { fs: { allow: [".."] } },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: address would need a hole in the page's policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 8000,
  },
});
