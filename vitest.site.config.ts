import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

// The site in a browser, as `npm run docs` leaves it. `.ci/run` runs it with `npm run test:docs`.
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 240_000, hookTimeout: 120_000 } }));
config.test!.include = ["site/test/**/*.test.ts"];
config.test!.exclude = ["**/node_modules/**"];
export default config;
