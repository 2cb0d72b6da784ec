/** One method of a benchmark: what it is given, what it gives, and where its files are. @module */
import type { FileRecord } from "../artifacts/run-manifest.ts";
import type { FileToWrite } from "../core/bytes.ts";
import type { ConfigMap } from "../core/config.ts";
import { joinPath } from "../core/paths.ts";
import type { CoordinateMetrics } from "../evaluate/coordinates.ts";
import type { ReasonCounts } from "../evaluate/unknown-reasons.ts";
import type { LabelPrediction, Warning } from "../predict/types.ts";
import { METHODS_FOLDER, type Method, PROGRESS_FOLDER } from "../schema/benchmark.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";
import type { BenchmarkManifest } from "./dataset-manifest.ts";
import type { SourceRun } from "./source-run.ts";

export interface MethodJob {
  readonly name: Method;
  readonly data: BenchmarkData;
  readonly manifest: BenchmarkManifest;
  readonly atlasmtlModel: string | null;
  /** The earlier run whose scores the policies of the `atlasmtl` method use. */
  readonly sourceRun: SourceRun | null;
  /** The folder of the run. */
  readonly folder: string;
  /** A digest of everything that the result depends on, except the method. */
  readonly identity: string;
}

/** A method's part of the results. */
export interface MethodResult {
  readonly name: string;
  /** Its entry in `metrics.json`. */
  readonly entry: ConfigMap;
  readonly labels: readonly LabelPrediction[];
  readonly reasons: readonly ReasonCounts[] | null;
  readonly coordinates: ReadonlyMap<string, CoordinateMetrics>;
  readonly seeds: ReadonlyMap<string, number>;
  /** Paths relative to the folder of the run. */
  readonly files: readonly FileRecord[];
  readonly warnings: readonly Warning[];
  /**
   * The files that are not in their place yet, with that place; the run commits them at its end.
   * @internal
   */
  readonly toPlace: readonly FileToWrite[];
  /** True when it was computed by an earlier run. */
  readonly isResumed: boolean;
}

export const RESULT = "result.json";
export const PREDICTIONS = "predictions.csv";

/** The folder of a method, relative to that of the run. */
export const methodFolder = (name: string): string => `${METHODS_FOLDER}/${name}`;

/** Where the finished methods of a run wait for its end; it has the layout of the folder of the run. */
export const progressFolder = (folder: string): string => joinPath(folder, PROGRESS_FOLDER);
