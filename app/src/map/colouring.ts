/** What the map is coloured by: a category for each cell, and the legend of the categories. */
import { text } from "../text/en.ts";
import type { GeneView, GroupView, LevelView, ResultView } from "../worker/views.ts";
import { BACKGROUND_STYLE, labelStyle, type Style, scaleStyle, UNKNOWN_STYLE } from "./palette.ts";

export const COLOURINGS = ["label", "likely", "conf", "reason", "group", "gene"] as const;
export type ColourBy = (typeof COLOURINGS)[number];

export interface LegendEntry {
  readonly category: number;
  readonly name: string;
  readonly count: number;
  readonly style: Style;
}

export interface Colouring {
  /** For each cell. */
  readonly categories: Uint16Array;
  /** By category. */
  readonly styles: readonly Style[];
  /** Categories that occur, most frequent first; empty for a scale. */
  readonly legend: readonly LegendEntry[];
  readonly isScale: boolean;
}

const STEPS = 256;

export function colouringOf(
  by: ColourBy,
  result: ResultView,
  level: LevelView,
  labels: Pick<LevelView, "final" | "reason">,
  group: GroupView | null,
  gene: GeneView | null,
): Colouring {
  if (by === "gene") return ofScale(gene?.values ?? new Float32Array(result.nCells));
  if (by === "conf") return ofScale(level.conf);
  if (by === "reason") return ofReasons(result, labels.reason);
  if (by === "group" && group !== null)
    return ofNames(
      withMissing(group.codes, group.categories.length),
      [...group.categories, text.result.missing],
      group.categories.length,
    );
  const codes = by === "likely" ? level.likely : labels.final;
  return ofNames(codes, level.categories, level.unknownCode);
}

function ofScale(values: Float32Array): Colouring {
  const categories = Uint16Array.from(values, (value) =>
    Math.min(STEPS - 1, Math.max(0, Math.floor(value * STEPS))),
  );
  const styles = Array.from({ length: STEPS }, (_, step) => scaleStyle(step / (STEPS - 1)));
  return { categories, styles, legend: [], isScale: true };
}

function ofReasons({ reasons }: ResultView, codes: Int8Array): Colouring {
  const names = [text.result.known, ...reasons.map((reason) => text.result.reasons[reason] ?? reason)];
  const categories = Uint16Array.from(codes, (code) => code + 1);
  const styles = names.map((_, i) => (i === 0 ? BACKGROUND_STYLE : labelStyle(i - 1)));
  return { categories, styles, legend: legendOf(categories, names, styles), isScale: false };
}

/** `plain` is the category that is drawn in grey. */
function ofNames(categories: Uint16Array, names: readonly string[], plain: number): Colouring {
  const styles = names.map((_, code) => (code === plain ? UNKNOWN_STYLE : labelStyle(code)));
  return { categories, styles, legend: legendOf(categories, names, styles), isScale: false };
}

const withMissing = (codes: Uint16Array, missing: number): Uint16Array =>
  codes.map((code) => Math.min(code, missing));

function legendOf(
  categories: Uint16Array,
  names: readonly string[],
  styles: readonly Style[],
): LegendEntry[] {
  const counts = new Uint32Array(names.length);
  for (const category of categories) counts[category]++;
  return names
    .map((name, category) => ({ category, name, count: counts[category], style: styles[category] }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
