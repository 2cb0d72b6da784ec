import { defineConfig, mergeConfig } from "vitest/config";
import base, { longTests } from "./vitest.config.ts";

// What takes minutes and needs nothing but a build. `.ci/run` runs it.
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 300_000 } }));
config.test!.include = longTests;
config.test!.exclude = ["node_modules/**"];
export default config;
