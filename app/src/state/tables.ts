/** What the tables of a result show. */
import type { GroupView, LevelView, ResultView } from "../worker/views.ts";

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
const MAX_LABELS = 20;

/** The cells with the lowest confidence, the least sure first. */
export function leastSure({ conf }: LevelView, count: number = MAX_ROWS): number[] {
  // A limit that few cells are below, so that a million cells are not sorted.
  const sample = Float32Array.from(conf).sort();
  const limit = sample[Math.min(sample.length - 1, count)] ?? 1;
  const found: number[] = [];
  for (let cell = 0; cell < conf.length; cell++) if (conf[cell] <= limit) found.push(cell);
  return found.sort((a, b) => conf[a] - conf[b] || a - b).slice(0, count);
}

/** A label of any level, and how many cells have it. */
export interface FoundLabel {
  readonly levelIndex: number;
  readonly code: number;
  readonly name: string;
  readonly count: number;
}

/** Labels that contain the text and that cells have, those of `levelIndex` first, frequent ones before rare ones. */
export function findLabels(
  result: ResultView,
  labels: readonly { readonly final: Uint16Array }[],
  levelIndex: number,
  wanted: string,
): { labels: FoundLabel[]; total: number } {
  const needle = wanted.trim().toLowerCase();
  if (needle === "") return { labels: [], total: 0 };
  const found = result.levels.flatMap(({ categories }, level) => {
    const codes = [...categories.keys()].filter((code) => categories[code].toLowerCase().includes(needle));
    if (codes.length === 0) return [];
    const counts = new Uint32Array(65536);
    for (const code of labels[level].final) counts[code]++;
    return codes
      .filter((code) => counts[code] > 0)
      .map((code) => ({ levelIndex: level, code, name: categories[code], count: counts[code] }));
  });
  const isOther = (each: FoundLabel): number => Number(each.levelIndex !== levelIndex);
  found.sort((a, b) => isOther(a) - isOther(b) || a.levelIndex - b.levelIndex || b.count - a.count);
  return { labels: found.slice(0, MAX_LABELS), total: found.length };
}

/** The cells with this label. */
export function cellsWith(final: Uint16Array, code: number): Uint32Array {
  const cells: number[] = [];
  for (let cell = 0; cell < final.length; cell++) if (final[cell] === code) cells.push(cell);
  return Uint32Array.from(cells);
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

export interface GroupRow {
  readonly name: string;
  readonly count: number;
  /** Its most frequent label, and the share of its cells that have it. */
  readonly label: string;
  readonly share: number;
  /** The share of its cells without a label. */
  readonly unknown: number;
}

/** The groups of cells, largest first. */
export function groupRows(
  group: GroupView,
  { categories, unknownCode }: LevelView,
  final: Uint16Array,
): GroupRow[] {
  const n = categories.length;
  const counts = new Uint32Array(group.categories.length * n);
  group.codes.forEach((code, cell) => {
    if (code < group.categories.length && final[cell] < n) counts[code * n + final[cell]]++;
  });
  return group.categories
    .map((name, code) => {
      const own = counts.subarray(code * n, (code + 1) * n);
      const count = own.reduce((sum, each) => sum + each, 0);
      const most = own.reduce((best, each, i) => (i !== unknownCode && each > own[best] ? i : best), 0);
      const of = (each: number): number => each / Math.max(1, count);
      return { name, count, label: categories[most], share: of(own[most]), unknown: of(own[unknownCode]) };
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
