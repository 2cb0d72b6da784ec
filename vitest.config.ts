import { defineConfig } from "vitest/config";

const here = new URL(".", import.meta.url).pathname;

/** What takes minutes: the command line beyond the plain commands, the demonstration, the packed package, hostile files, crashes: `npm run test:long`. */
export const longTests = [
  "test/e2e/bad-input.test.ts",
  "test/e2e/benchmark.test.ts",
  "test/e2e/demo.test.ts",
  "test/e2e/named-attacks.test.ts",
  "test/e2e/overwriting.test.ts",
  "test/e2e/preprocess.test.ts",
  "test/e2e/refine.test.ts",
  "test/e2e/reproducible.test.ts",
  "test/e2e/train-options.test.ts",
  "test/package/**/*.test.ts",
  "test/hostile/**/*.test.ts",
  "test/fuzz/mutations.test.ts",
  "test/crash/**/*.test.ts",
];

export default defineConfig({
  resolve: { alias: { "#platform": `${here}src/node/platform.ts`, "#h5wasm": "h5wasm/node" } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/interop/**", "test/browser/**", "node_modules/**", ...longTests],
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
