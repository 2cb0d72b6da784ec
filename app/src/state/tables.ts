/** What the tables of a result show. */
import type { LevelView, ResultView } from "../worker/views.ts";

export interface LabelRow {
  readonly code: number;
  readonly name: string;
  readonly count: number;
  readonly share: number;
  readonly meanConf: number;
}

/** The labels that cells got, most frequent first, Unknown last. */
export function labelRows({ categories, unknownCode, conf }: LevelView, final: Uint16Array): LabelRow[] {
  const counts = new Uint32Array(categories.length);
  const sums = new Float64Array(categories.length);
  final.forEach((code, cell) => {
    counts[code]++;
    sums[code] += conf[cell];
  });
  return categories
    .map((name, code) => ({
      code,
      name,
      count: counts[code],
      share: counts[code] / Math.max(1, final.length),
      meanConf: sums[code] / counts[code],
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => Number(a.code === unknownCode) - Number(b.code === unknownCode) || b.count - a.count);
}

const MAX_ROWS = 100;

/** The cells with the lowest confidence, the least sure first. */
export function leastSure({ conf }: LevelView, count: number = MAX_ROWS): number[] {
  // A limit that few cells are below, so that a million cells are not sorted.
  const sample = Float32Array.from(conf).sort();
  const limit = sample[Math.min(sample.length - 1, count)] ?? 1;
  const found: number[] = [];
  for (let cell = 0; cell < conf.length; cell++) if (conf[cell] <= limit) found.push(cell);
  return found.sort((a, b) => conf[a] - conf[b] || a - b).slice(0, count);
}

/** Cells whose name or label contains the text. */
export function findCells(
  result: ResultView,
  level: LevelView,
  final: Uint16Array,
  wanted: string,
): { cells: number[]; total: number } {
  const needle = wanted.trim().toLowerCase();
  if (needle === "") return { cells: [], total: 0 };
  const named = level.categories.map((name) => name.toLowerCase().includes(needle));
  const cells: number[] = [];
  let total = 0;
  for (let cell = 0; cell < result.nCells; cell++) {
    if (!named[final[cell]] && !result.names[cell].toLowerCase().includes(needle)) continue;
    total++;
    if (cells.length < MAX_ROWS) cells.push(cell);
  }
  return { cells, total };
}
