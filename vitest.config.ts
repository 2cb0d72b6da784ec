import { defineConfig } from "vitest/config";

const here = new URL(".", import.meta.url).pathname;

/** Minutes of wrong calls, preprocessing from the command line, hostile files, damaged bytes and crashes: `npm run test:hostile`. */
export const hostileTests = [
  "test/e2e/bad-input.test.ts",
  "test/e2e/named-attacks.test.ts",
  "test/e2e/overwriting.test.ts",
  "test/e2e/preprocess.test.ts",
  "test/hostile/corpus.test.ts",
  "test/fuzz/mutations.test.ts",
  "test/crash/**/*.test.ts",
];

export default defineConfig({
  resolve: { alias: { "#platform": `${here}src/node/platform.ts`, "#h5wasm": "h5wasm/node" } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/interop/**", "test/browser/**", "node_modules/**", ...hostileTests],
    setupFiles: ["test/helpers/program-coverage.ts"],
    coverage: {
      include: ["src/**/*.ts"],
      exclude: [
        "src/**/*.test.ts",
        "src/**/*.d.ts",
        "src/kernels/assembly/**",
        "src/kernels/wasm/generated.ts",
        "src/preprocess/gene-tables/**",
      ],
      reportsDirectory: "coverage",
      clean: false,
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: "100%",
  },
});
