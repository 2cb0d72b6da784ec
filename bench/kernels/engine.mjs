// The engine that a measurement asks for: `--engine wasm|native`. Needs a build (npm run build, npm run build:native).
import { startEngine } from "../../build/kernels/start-engine.js";

export const ENGINE_OPTION = { engine: { type: "string", default: "wasm" } };

export const engineOf = ({ engine, threads }) => startEngine(Number(threads), engine);

/** Processor seconds of this process since `from`, a `process.cpuUsage()`. */
export function processorSeconds(from) {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}
