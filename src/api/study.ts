/** Studies: many samples annotated by one model. @module */
export {
  type SampleBatch,
  type SampleLabels,
  type SampleSummary,
  sampleFromJson,
  sampleToConfig,
} from "../evaluate/sample-summary.ts";
export { type Outlier, samplesThatStandOut } from "../evaluate/stand-out.ts";
export type { StudyReportOptions, StudySample } from "../output/report/study.ts";
export type { OutlierMeasure } from "../schema/study.ts";

import type { StudyReportOptions, StudySample } from "../output/report/study.ts";

/**
 * One HTML file on a study: its samples, those that stand out, their labels, Unknown by sample and by batch.
 *
 * ```ts
 * const samples = [];
 * for (const path of ["sample1.h5ad", "sample2.h5ad"]) {
 *   const query = await openAnnData(path);
 *   const result = await predict(model, query);
 *   samples.push({ name: path, query: path, summary: await result.summariseSample(query) });
 * }
 * const html = await studyReport(samples);
 * ```
 */
export async function studyReport(
  samples: readonly StudySample[],
  options: StudyReportOptions = {},
): Promise<string> {
  // Loaded on first use, as reports are.
  return (await import("../output/report/study.ts")).studyReport(samples, options);
}
