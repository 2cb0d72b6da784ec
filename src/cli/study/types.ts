/** The samples of a study and what became of them. @module */
import type { FileRecord } from "../../api/runs.ts";
import type { SampleSummary } from "../../api/study.ts";
import type { Failure } from "../terminal/show-error.ts";

/** A study: where its samples are, and where their results go. */
export interface Study {
  readonly queries: readonly string[];
  readonly outDir: string;
  /** Ending of the results, without its dot. */
  readonly outFormat: string;
}

/** One sample and its place. */
export interface PlannedSample {
  readonly name: string;
  readonly query: string;
  readonly out: string;
  readonly record: string;
}

/** What became of a sample. */
export interface StudyResult extends PlannedSample {
  readonly status: "done" | "skipped" | "failed";
  readonly summary: SampleSummary | null;
  readonly failure: Failure | null;
  /** The files that were written, with paths as the report shows them. */
  readonly outputs: readonly FileRecord[];
}
