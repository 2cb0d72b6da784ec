import { defineConfig } from "vitest/config";

const here = new URL(".", import.meta.url).pathname;

export default defineConfig({
  resolve: { alias: { "#platform": `${here}src/node/platform.ts`, "#h5wasm": "h5wasm/node" } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/interop/**", "test/browser/**", "node_modules/**"],
    testTimeout: 60_000,
    pool: "forks",
  },
});
