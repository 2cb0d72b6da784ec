import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

// The app in a browser, as `npm run app:build` leaves it. `.ci/run` runs it with `npm run test:app`.
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } }));
// Parts of the app that need no page are tested here as well.
Object.assign(config.resolve!.alias!, { atlasmtl: new URL("src/api/index.ts", import.meta.url).pathname });
config.test!.include = ["app/test/**/*.test.ts"];
config.test!.exclude = ["**/node_modules/**"];
// Browsers and training share the cores of a small machine: one file after another.
config.test!.fileParallelism = false;
export default config;
