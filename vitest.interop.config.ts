import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

// The second stage: what needs Python or a browser. `.ci/run` installs both and runs it.
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 300_000 } }));
config.test!.include = ["test/interop/**/*.test.ts", "test/browser/**/*.test.ts"];
config.test!.exclude = ["node_modules/**"];
export default config;
