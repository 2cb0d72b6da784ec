/** The arrays of scored cells by name, and the cells of several parts of a query joined. @module */
import { AtlasmtlError, locate } from "../errors.ts";
import { seenTogether } from "../model/components/matrix-values.ts";
import { SHARD_ARRAYS as NAMES } from "../schema/shards.ts";
import type { ScoredCells } from "./score-cells.ts";
import type { PredictedLabels, PredictedSets, TransferredColumn } from "./types.ts";

export type CellArray = Int32Array | Float32Array | Float64Array | Uint8Array;

/** What is known of an array besides its values. */
export interface ArrayUse {
  readonly name: string;
  /** Values per cell. */
  readonly width: number;
  /** Codes are below this, and at least -1. */
  readonly nCodes?: number;
  /** Sums over all cells, which parts add to. */
  readonly isSum?: boolean;
}

/** `cells` with every array replaced by what `map` makes of it. */
export function mapArrays(
  cells: ScoredCells,
  map: <A extends CellArray>(array: A, use: ArrayUse) => A,
): ScoredCells {
  const own = <A extends CellArray>(array: A, name: string, width = 1): A => map(array, { name, width });
  const labels = ({ codes, categories }: PredictedLabels, name: string): PredictedLabels => ({
    codes: map(codes, { name, width: 1, nCodes: categories.length }),
    categories,
  });
  return {
    ...cells,
    heads: cells.heads.map((head, h) => ({
      ...head,
      raw: map(head.raw, { name: `${h}/${NAMES.raw}`, width: 1, nCodes: head.classes.length }),
      conf: own(head.conf, `${h}/${NAMES.conf}`),
      margin: own(head.margin, `${h}/${NAMES.margin}`),
      second: map(head.second, { name: `${h}/${NAMES.second}`, width: 1, nCodes: head.classes.length }),
      secondConf: own(head.secondConf, `${h}/${NAMES.secondConf}`),
    })),
    sets: new Map(
      [...cells.sets].map(([column, sets], h) => [
        column,
        { ...sets, codes: map(sets.codes, { name: `${h}/${NAMES.set}`, width: 1 }) },
      ]),
    ),
    coords: new Map(
      [...cells.coords].map(([space, points]) => [
        space,
        { ...points, data: own(points.data, `${NAMES.coords}/${space}`, points.nCols) },
      ]),
    ),
    isEmpty: own(cells.isEmpty, NAMES.isEmpty),
    votes:
      cells.votes?.map(({ categories, codes, voteFrac, used }, h) => ({
        categories,
        codes: labels({ codes, categories }, `${h}/${NAMES.knn}`).codes,
        voteFrac: own(voteFrac, `${h}/${NAMES.knnVoteFrac}`),
        used: own(used, `${h}/${NAMES.knnUsed}`),
      })) ?? null,
    openset:
      cells.openset === null
        ? null
        : { ...cells.openset, scores: own(cells.openset.scores, NAMES.opensetScore) },
    placed:
      cells.placed === null
        ? null
        : {
            ...cells.placed,
            scores: {
              ...cells.placed.scores,
              data: own(cells.placed.scores.data, NAMES.componentScore, cells.placed.scores.nCols),
            },
            totals: own(cells.placed.totals, NAMES.total, cells.placed.hasTotals ? 1 : 0),
          },
    probabilities:
      cells.probabilities?.map((table, h) => ({
        ...table,
        columns: table.columns.map((column, c) => {
          const name = `${h}/${NAMES.probability}/${c}`;
          return column.kind === "score"
            ? { name: column.name, kind: column.kind, values: own(column.values, name) }
            : { ...column, labels: labels(column.labels, name) };
        }),
      })) ?? null,
    probMatch:
      cells.probMatch === null
        ? null
        : { ...cells.probMatch, codes: own(cells.probMatch.codes, NAMES.probMatch) },
    transferred:
      cells.transferred === null
        ? null
        : {
            columns: cells.transferred.columns.map((column, c): TransferredColumn => {
              const [name, spread] = [`${NAMES.transfer}/${c}`, `${NAMES.transferSpread}/${c}`];
              return column.kind === "number"
                ? { ...column, mean: own(column.mean, name), spread: own(column.spread, spread) }
                : { ...column, labels: labels(column.labels, name), share: own(column.share, spread) };
            }),
            distance: own(cells.transferred.distance, NAMES.transferDistance),
          },
    groupSums:
      cells.groupSums?.map((sums, h) =>
        map(sums, { name: `${h}/${NAMES.groupSum}`, width: 1, isSum: true }),
      ) ?? null,
  };
}

/** The cells of a part of a query, with its arrays read on request. */
export interface CellsPart {
  /** For messages. */
  readonly name: string;
  readonly nCells: number;
  /** @throws BAD_FORMAT or NOT_FOUND for a part that lacks it. */
  array(name: string): Promise<CellArray>;
  readonly nRefined: number;
  readonly nShared: number;
  readonly nBatches: number;
  readonly seen: NonNullable<ScoredCells["placed"]>["seen"];
  /** The distinct sets of each label column that has sets. */
  readonly sets: readonly (readonly (readonly number[])[])[];
  /** The distinct texts of `prob_match`. */
  readonly probMatch: readonly string[];
}

/**
 * The cells of `parts` one after another, as if they had been scored together; `none` are no cells of the same query.
 * @throws BAD_FORMAT for a part that does not fit.
 */
export async function joinCells(none: ScoredCells, parts: readonly CellsPart[]): Promise<ScoredCells> {
  const nCells = parts.reduce((sum, part) => sum + part.nCells, 0);
  const arrays: { readonly use: ArrayUse; readonly empty: CellArray }[] = [];
  mapArrays(none, (empty, use) => {
    arrays.push({ use, empty });
    return empty;
  });
  const joined = new Map<string, CellArray>();
  for (const { use, empty } of arrays)
    joined.set(use.name, await (use.isSum ? added(use, empty, parts) : inOrder(use, empty, parts, nCells)));
  const cells = mapArrays(none, <A extends CellArray>(_: A, { name }: ArrayUse) => joined.get(name) as A);
  return {
    ...cells,
    sets: new Map([...cells.sets].map(([column, sets], h) => [column, joinSets(sets, h, parts)])),
    probMatch: cells.probMatch === null ? null : joinTexts(cells.probMatch.codes, parts),
    coords: new Map([...cells.coords].map(([space, points]) => [space, { ...points, nRows: nCells }])),
    placed:
      cells.placed === null
        ? null
        : {
            ...cells.placed,
            scores: { ...cells.placed.scores, nRows: nCells },
            seen: seenTogether(parts.map(({ seen }) => seen)),
          },
    nRefined: parts.reduce((sum, part) => sum + part.nRefined, 0),
    nShared: parts.reduce((sum, part) => sum + part.nShared, 0),
    nBatches: parts.reduce((sum, part) => sum + part.nBatches, 0),
  };
}

/** An array of the same type with `length` zeros. */
function zerosLike(array: CellArray, length: number): CellArray {
  if (array instanceof Int32Array) return new Int32Array(length);
  if (array instanceof Float32Array) return new Float32Array(length);
  return array instanceof Float64Array ? new Float64Array(length) : new Uint8Array(length);
}

async function inOrder(
  { name, width, nCodes }: ArrayUse,
  empty: CellArray,
  parts: readonly CellsPart[],
  nCells: number,
): Promise<CellArray> {
  const all = zerosLike(empty, nCells * width);
  let first = 0;
  for (const part of parts) {
    const own = await checkedArray(part, name, empty, part.nCells * width);
    if (nCodes !== undefined && own.some((code) => code < -1 || code >= nCodes)) throw damaged(part, name);
    all.set(own, first * width);
    first += part.nCells;
  }
  return all;
}

async function added({ name }: ArrayUse, empty: CellArray, parts: readonly CellsPart[]): Promise<CellArray> {
  const sums = zerosLike(empty, empty.length);
  for (const part of parts) {
    const own = await checkedArray(part, name, empty, empty.length);
    for (let i = 0; i < sums.length; i++) sums[i] += own[i];
  }
  return sums;
}

async function checkedArray(
  part: CellsPart,
  name: string,
  like: CellArray,
  length: number,
): Promise<CellArray> {
  const own = await part.array(name);
  if (own.length !== length || own.constructor !== like.constructor) throw damaged(part, name);
  return own;
}

/** Sets get numbers in the order in which they first occur, as those of one run. */
function joinSets(
  { codes, categories }: PredictedSets,
  h: number,
  parts: readonly CellsPart[],
): PredictedSets {
  const members: (readonly number[])[] = [];
  const known = new Map<string, number>();
  recode(codes, parts, (part) =>
    (part.sets[h] ?? []).map((set) => {
      if (set.some((c) => !(c >= 0 && c < categories.length))) throw damaged(part, NAMES.set);
      return numberOf(set.join(), known, () => members.push(set));
    }),
  );
  return { codes, members, categories };
}

function joinTexts(codes: Int32Array, parts: readonly CellsPart[]): PredictedLabels {
  const categories: string[] = [];
  const known = new Map<string, number>();
  recode(codes, parts, ({ probMatch }) =>
    probMatch.map((text) => numberOf(text, known, () => categories.push(text))),
  );
  return { codes, categories };
}

/** The number of what is known by `key`; the next one for something new, which `add` appends. */
function numberOf(key: string, known: Map<string, number>, add: () => number): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  const code = add() - 1;
  known.set(key, code);
  return code;
}

/** Gives the codes of each part, in place, the numbers that `numbersOf` says. */
function recode(
  codes: Int32Array,
  parts: readonly CellsPart[],
  numbersOf: (part: CellsPart) => readonly number[],
): void {
  let first = 0;
  for (const part of parts) {
    const numbers = numbersOf(part);
    for (let cell = first; cell < first + part.nCells; cell++) {
      if (!(codes[cell] >= 0 && codes[cell] < numbers.length)) throw damaged(part, NAMES.set);
      codes[cell] = numbers[codes[cell]];
    }
    first += part.nCells;
  }
}

function damaged({ name }: CellsPart, array: string): unknown {
  return locate(
    new AtlasmtlError("BAD_FORMAT", `${array} does not fit the model and the number of cells`, {
      hint: "the file is damaged: remove it and run its shard again",
      subject: "artifact",
    }),
    name,
  );
}
