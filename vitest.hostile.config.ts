import { defineConfig, mergeConfig } from "vitest/config";
import base, { hostileTests } from "./vitest.config.ts";

// What takes minutes and needs nothing but a build: hostile files, damaged bytes, crashes. `.ci/run` runs it.
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 300_000 } }));
config.test!.include = hostileTests;
config.test!.exclude = ["node_modules/**"];
export default config;
