/** Keeps the probabilities of every cell (docs/specification/3-prediction.md#probabilities). @module */
import { usageError } from "../core/option-checks.ts";
import { shown } from "../core/shown.ts";
import { option, phrase } from "../errors.ts";
import type { LabelHead } from "../model/types.ts";
import { TOP_COLUMNS } from "../schema/columns.ts";
import { createProbabilityStore } from "./probability-store.ts";
import type { ProbabilityColumn, ProbabilityTable } from "./types.ts";

/** Takes the probabilities of a block by head, `[nRows, nClasses]`; row 0 is cell `firstRow`. */
export type TakeProbabilities = (
  probabilities: readonly Float64Array[],
  nRows: number,
  firstRow: number,
) => void;

const EVERY = "all";
const TOP = /^top=([1-9]\d{0,5})$/;

/**
 * How many of the most probable labels `probabilities` asks for; null for every class.
 * @throws USAGE for another text.
 */
export function labelsWanted(probabilities: string): number | null {
  if (probabilities === EVERY) return null;
  const top = TOP.exec(probabilities);
  if (top !== null) return Number(top[1]);
  throw usageError(
    phrase`${option("probabilities")} is ${shown(probabilities)}, expected "${EVERY}", or "top=3" for the three most probable labels`,
  );
}

/** The names of the columns of a table for these classes. */
export function probabilityNames(classes: readonly string[], probabilities: string): readonly string[] {
  const wanted = labelsWanted(probabilities);
  if (wanted === null) return classes;
  return ranksOf(classes, wanted).flatMap((rank) => [
    rankName(TOP_COLUMNS.label, rank),
    rankName(TOP_COLUMNS.probability, rank),
  ]);
}

const rankName = (name: string, rank: number): string => name.replace("{}", String(rank));

/** From 1 on; not more than there are classes. */
function ranksOf(classes: readonly string[], wanted: number): number[] {
  return Array.from({ length: Math.min(wanted, classes.length) }, (_, i) => i + 1);
}

/** Tables for `nObs` cells, which fill as blocks are taken. */
export function createProbabilityTables(
  heads: readonly LabelHead[],
  nObs: number,
  probabilities: string,
): { readonly tables: readonly ProbabilityTable[]; readonly take: TakeProbabilities } {
  const wanted = labelsWanted(probabilities);
  const made = heads.map((head) =>
    wanted === null ? everyClass(head, nObs) : mostProbable(head, nObs, wanted),
  );
  return {
    tables: made.map(({ table }) => table),
    take: (blocks, nRows, firstRow) => {
      made.forEach(({ take }, h) => {
        take(blocks[h], nRows, firstRow);
      });
    },
  };
}

interface Filling {
  readonly table: ProbabilityTable;
  readonly take: (block: Float64Array, nRows: number, firstRow: number) => void;
}

function everyClass({ column, classes }: LabelHead, nObs: number): Filling {
  const { take, column: columnOf } = createProbabilityStore(nObs, classes.length);
  return { table: { column, columns: classes.map((name, c) => columnOf(c, name)) }, take };
}

/** The labels by falling probability, equals in the order of the classes. */
function mostProbable({ column, classes }: LabelHead, nObs: number, wanted: number): Filling {
  const ranks = ranksOf(classes, wanted).map((rank) => ({
    rank,
    codes: new Int32Array(nObs),
    values: new Float32Array(nObs),
  }));
  const columns = ranks.flatMap(({ rank, codes, values }): ProbabilityColumn[] => [
    { name: rankName(TOP_COLUMNS.label, rank), kind: "label", labels: { codes, categories: classes } },
    { name: rankName(TOP_COLUMNS.probability, rank), kind: "score", values },
  ]);
  const take: Filling["take"] = (block, nRows, firstRow) => {
    for (let r = 0; r < nRows; r++) {
      const own = block.subarray(r * classes.length, (r + 1) * classes.length);
      const taken = new Uint8Array(classes.length);
      for (const { codes, values } of ranks) {
        let best = -1;
        for (let c = 0; c < own.length; c++) if (taken[c] === 0 && (best < 0 || own[c] > own[best])) best = c;
        taken[best] = 1;
        codes[firstRow + r] = best;
        values[firstRow + r] = Math.min(1, own[best]);
      }
    }
  };
  return { table: { column, columns }, take };
}
