/**
 * Whether a matrix holds counts, told from a sample of its values (docs/specification/4-preprocessing.md#counts).
 * @module
 */

import { judgeMatrix } from "../anndata/judgement/judge-matrix.ts";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData, Matrix, MatrixName } from "../anndata/types.ts";
import { permutation, streamKey } from "../core/rng.ts";
import { AtlasmtlError, type Notice, option, type Phrase, phrase } from "../errors.ts";
import type { CountsStatus } from "../schema/preprocessing.ts";
import type { PreprocessSettings } from "./options.ts";

/** Rows that are looked at. */
const SAMPLE_ROWS = 100;
/** Stored values of a sparse matrix that are looked at. */
const SAMPLE_VALUES = 20_000;
/** Rows read in one go: one compressed piece of a file often holds them all. */
const RUN_ROWS = 10;
/** Whole numbers may be this far off; positive values below it are no counts. */
const TOLERANCE = 1e-6;

/** What the sample shows; shares are 0 to 1, percentiles are of values other than zero. */
export interface CountsSummary {
  readonly status: CountsStatus;
  readonly shape: readonly [number, number];
  readonly sampledValues: number;
  readonly nonzeroRate: number;
  readonly integerFraction: number;
  readonly hasNegative: boolean;
  readonly min: number;
  readonly p1: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/**
 * Samples values of `matrix`: runs of rows drawn by `seed`, of one stored by columns its first rows.
 * @throws BAD_DATA for a value that is not finite, naming it, and as `Matrix.rows`.
 */
export async function summariseCounts(
  matrix: Matrix,
  {
    confirmFraction = 0.999,
    seed = 0,
    signal,
  }: { confirmFraction?: number; seed?: number; signal?: AbortSignal | undefined } = {},
): Promise<CountsSummary> {
  const values: number[] = [];
  let nEntries = 0;
  let nStored = 0;
  const most = matrix.storage === "dense" ? Number.POSITIVE_INFINITY : SAMPLE_VALUES;
  for (const [start, end] of sampledRows(matrix, seed)) {
    if (values.length >= most) break;
    for await (const { csr } of matrix.rows({ start, end, signal })) {
      nEntries += csr.nRows * csr.nCols;
      nStored += csr.indices.length;
      for (let e = 0; e < csr.indices.length && values.length < most; e++) values.push(csr.data?.[e] ?? 1);
    }
  }
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  let nWhole = 0;
  let nTiny = 0;
  for (const value of sorted) {
    if (Math.abs(value - Math.round(value)) <= TOLERANCE) nWhole++;
    if (value > 0 && value < TOLERANCE) nTiny++;
  }
  const at = (share: number): number => (n === 0 ? 0 : sorted[Math.min(n - 1, Math.round(share * (n - 1)))]);
  const integerFraction = n === 0 ? 1 : nWhole / n;
  const hasNegative = n > 0 && sorted[0] < 0;
  return {
    status: statusOf(hasNegative, integerFraction, nTiny, confirmFraction),
    shape: [matrix.nRows, matrix.nCols],
    sampledValues: n,
    nonzeroRate: nEntries === 0 ? 0 : nStored / nEntries,
    integerFraction,
    hasNegative,
    min: at(0),
    p1: at(0.01),
    p5: at(0.05),
    p50: at(0.5),
    p95: at(0.95),
    max: at(1),
  };
}

function statusOf(hasNegative: boolean, whole: number, nTiny: number, confirm: number): CountsStatus {
  if (hasNegative) return "not_counts";
  if (whole >= confirm && nTiny === 0) return "counts_confirmed";
  return whole > 0.5 ? "counts_suspected" : "not_counts";
}

function sampledRows({ nRows, storage }: Matrix, seed: number): [start: number, end: number][] {
  if (nRows <= SAMPLE_ROWS || storage === "csc") return [[0, Math.min(nRows, SAMPLE_ROWS)]];
  const nRuns = Math.ceil(nRows / RUN_ROWS);
  const runs = permutation(streamKey(seed, "counts"), Math.min(nRuns, 1 << 16)).slice(
    0,
    SAMPLE_ROWS / RUN_ROWS,
  );
  const step = Math.max(1, Math.floor(nRuns / Math.min(nRuns, 1 << 16)));
  return Array.from(runs.sort(), (run) => {
    const start = run * step * RUN_ROWS;
    return [start, Math.min(start + RUN_ROWS, nRows)];
  });
}

/** Where the counts of a dataset are. */
export interface CountsChoice {
  /** The matrix of counts; null where there is none and none is asked for. */
  readonly matrix: MatrixName | null;
  /** True when X becomes the layer of counts. */
  readonly isMaterialised: boolean;
  readonly summary: CountsSummary | null;
  readonly warnings: readonly Notice[];
}

const NONE: CountsChoice = { matrix: null, isMaterialised: false, summary: null, warnings: [] };

/**
 * Finds the counts: the layer that is named, else X when it holds counts. Decimals on the scale of counts are taken for
 * counts, with a warning.
 * @throws BAD_DATA for a layer that holds no counts, and when there are none though they are required; it says
 * what X looks like, and names `raw/X` where that would do. NOT_FOUND without any matrix.
 */
export async function chooseCounts(
  adata: AnnData,
  settings: PreprocessSettings,
  signal?: AbortSignal,
): Promise<CountsChoice> {
  const { countsLayer, countsConfirmFraction, randomState, inputMatrixType } = settings;
  const look = async (name: MatrixName): Promise<CountsSummary> =>
    summariseCounts(await adata.matrix(name), {
      confirmFraction: countsConfirmFraction,
      seed: randomState,
      signal,
    });
  const named = matrixName(countsLayer);
  const isThere =
    named === "X" ? adata.hasX : named === "raw/X" ? adata.hasRaw : adata.layerKeys.includes(named.slice(7));
  if (isThere && named !== "X") {
    const summary = await look(named);
    if (summary.status !== "not_counts")
      return { matrix: named, isMaterialised: false, summary, warnings: [] };
    const likeCounts = await countLike(adata, named, signal);
    if (likeCounts !== null) return { matrix: named, isMaterialised: false, summary, warnings: [likeCounts] };
    throw new AtlasmtlError("BAD_DATA", `${named} holds no counts: ${describeCounts(summary)}`, {
      where: `${adata.source} › ${named}`,
      hint: await elsewhere(adata, named, look, settings),
    });
  }
  if (!adata.hasX) {
    if (!settings.countsRequired) return NONE;
    throw new AtlasmtlError("NOT_FOUND", `there is neither ${named} nor X`, {
      where: adata.source,
      hint: await elsewhere(adata, named, look, settings),
    });
  }
  const summary = await look("X");
  const mayBeCounts = inputMatrixType !== "lognorm";
  if (
    mayBeCounts &&
    (summary.status === "counts_confirmed" ||
      (inputMatrixType === "counts" && summary.status === "counts_suspected"))
  )
    return { matrix: "X", isMaterialised: true, summary, warnings: [] };
  const likeCounts = mayBeCounts ? await countLike(adata, "X", signal) : null;
  if (likeCounts !== null) return { matrix: "X", isMaterialised: true, summary, warnings: [likeCounts] };
  if (!settings.countsRequired) return { ...NONE, summary };
  const judgement = await judgeMatrix(await adata.matrix("X"), signal);
  const what = mayBeCounts ? describeCounts(summary) : "it was declared log-normalised";
  const kind = judgement === null ? "" : `; it looks like ${judgement.verdict} (${judgement.evidence})`;
  throw new AtlasmtlError("BAD_DATA", `counts are needed and X holds none: ${what}${kind}`, {
    where: `${adata.source} › X`,
    hint: await elsewhere(adata, named, look, settings),
  });
}

/** What a sample of values looks like, with its numbers. */
function describeCounts(summary: CountsSummary): string {
  const { sampledValues, integerFraction, min, max, hasNegative } = summary;
  if (sampledValues === 0) return "no value other than zero in the rows looked at";
  const whole = `${(100 * integerFraction).toFixed(1)} % of ${sampledValues} values are whole numbers`;
  const range = `they range from ${short(min)} to ${short(max)}`;
  return `${whole}, ${range}${hasNegative ? ", some below zero" : ""}`;
}

/** A warning if the matrix holds decimals on the scale of counts; null for any other. */
async function countLike(adata: AnnData, name: MatrixName, signal?: AbortSignal): Promise<Notice | null> {
  const judgement = await judgeMatrix(await adata.matrix(name), signal);
  if (judgement?.verdict !== "count_like") return null;
  return {
    message: `${name} holds ${judgement.evidence}, as counts do after ambient RNA was removed: they are taken for counts`,
    where: `${adata.source} › ${name}`,
  };
}

/** Other matrices that hold counts, by the option that names them. */
async function elsewhere(
  adata: AnnData,
  tried: MatrixName,
  look: (name: MatrixName) => Promise<CountsSummary>,
  { countsLayer }: PreprocessSettings,
): Promise<Phrase> {
  const names: MatrixName[] = adata.layerKeys.map((key): MatrixName => `layers/${key}`);
  if (adata.hasRaw) names.push("raw/X");
  const found: string[] = [];
  for (const name of names) {
    if (name === tried) continue;
    const summary = await look(name).catch(() => null);
    if (summary !== null && summary.status === "counts_confirmed") found.push(name);
  }
  if (found.length === 0)
    return phrase`put the counts into layers["${countsLayer}"]; without them, ${option("featureSpace", "whole")} with ${option("countsRequired", false)} takes X as it is`;
  const [first] = found;
  return phrase`${found.join(" and ")} hold${found.length === 1 ? "s" : ""} counts; choose with ${option("countsLayer", first.replace(/^layers\//, ""))}`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
