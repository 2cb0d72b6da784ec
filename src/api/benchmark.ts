/** Benchmarks as a caller sees them; loaded on first use. @module */
import type { BenchmarkOptions, BenchmarkResult } from "../benchmark/run-all.ts";
import type { AlsoWrite } from "../core/bytes.ts";
import type { WorkOptions } from "../core/progress.ts";
import { createEngine } from "../kernels/engine.ts";

/**
 * Compares methods on the data of a manifest and writes the folder of the run (docs/specification/5-benchmark.md;
 * Node). `also` gets the result and then the list of written files, and returns further files to write with them.
 *
 * ```ts
 * const manifest = parseBenchmarkManifest(content, "pbmc.yaml"); // mappings as Maps
 * const { results } = await runBenchmark({ manifest, manifestPath: "pbmc.yaml", manifestFolder: ".",
 *   outputFolder: "runs/pbmc", identity: "v1" });
 * ```
 * @throws USAGE, UNSUPPORTED, NOT_FOUND, BAD_DATA, MISMATCH, IO or ABORTED; see `benchmark/run-all.ts`.
 */
export async function runBenchmark(
  options: BenchmarkOptions & { readonly numThreads?: number | "max" | undefined },
  work: WorkOptions = {},
  also?: (result: BenchmarkResult) => Promise<AlsoWrite>,
): Promise<BenchmarkResult> {
  const { runBenchmark: run } = await import("../benchmark/run-all.ts");
  const engine = await createEngine({ numThreads: options.numThreads ?? "max" });
  try {
    return await run(options, { ...work, engine }, also);
  } finally {
    engine.dispose();
  }
}
