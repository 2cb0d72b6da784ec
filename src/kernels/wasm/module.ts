/** Loading the kernels: the embedded bytes, compiled once per process. @module */
import { AtlasmtlError } from "../../errors.ts";
import { PLAIN_KERNELS, SHARED_KERNELS } from "./generated.ts";

type Address = number;

/** The kernels' exports; see src/kernels/assembly. Addresses are bytes in the arena. */
export interface KernelExports {
  setPhase(phase: number, kind: number, argument: Address, nTasks: number): void;
  startJob(nPhases: number): void;
  joinJob(thread: number): number;
  runTask(kind: number, argument: Address, task: number, thread: number): void;
  workerLoop(thread: number): void;
  transposeAll(network: Address): void;
  prepareReferences(search: Address, first: number, last: number): void;
  /** For tests of single kernels. */
  expArray(values: Address, n: number): void;
  log1(x: number): number;
  crossEntropy(logits: Address, grad: Address, n: number, label: number, scale: number): number;
  huber(predicted: Address, target: Address, grad: Address, n: number, scale: number): number;
}

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/**
 * The compiled kernels, for shared memory or for plain memory.
 * @throws UNSUPPORTED when this host's WebAssembly lacks SIMD.
 */
export function compileKernels(shared: boolean): Promise<WebAssembly.Module> {
  const known = compiled.get(shared);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(atob(shared ? SHARED_KERNELS : PLAIN_KERNELS), (c) => c.charCodeAt(0));
  const compiling = WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw new AtlasmtlError("UNSUPPORTED", "this host cannot run the WebAssembly kernels (SIMD)", {
      hint: "use Node 20 or a browser of 2023 or later",
      subject: "environment",
      cause,
    });
  });
  compiled.set(shared, compiling);
  return compiling;
}

/** The kernels over one memory. */
export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<KernelExports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as KernelExports;
}
