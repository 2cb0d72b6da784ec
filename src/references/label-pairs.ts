/**
 * Which labels of two references are one type, from what a model of each says of the cells of the other
 * (docs/specification/2-training.md#proposed-label-maps). @module
 */

/** Labels of cells beside those that a model of the other reference gave them. */
export interface CrossTable {
  readonly labels: readonly string[];
  /** Labels of the other reference. */
  readonly predicted: readonly string[];
  /** [labels, predicted], numbers of cells. */
  readonly counts: Uint32Array;
  /** Cells of each label, also those that got no label of the other. */
  readonly sizes: Uint32Array;
}

/** `same`: one type; `finer`: one of several that are one label of the other; `coarser`: that label; `unmatched`: neither. */
export type LabelMatch = "same" | "finer" | "coarser" | "unmatched";

/** What is said of one label. */
export interface LabelPair {
  readonly label: string;
  readonly nCells: number;
  readonly match: LabelMatch;
  /** Labels of the other reference: that of the match, or the likeliest one of a label without; several of a coarser one. */
  readonly others: readonly string[];
  /** Share of its cells that the other's model gives these labels, 0 to 1. */
  readonly share: number;
  /** Share of the cells of these labels that its own model gives it. */
  readonly shareBack: number;
}

/** A label goes to another if so many of its cells do. */
const MOST = 0.5;
/** Two labels are one type from this geometric mean of the shares that they have of each other. */
const ALIKE = 0.3;
/** A part of a coarser label has at least this share of its cells. */
const PART = 0.1;
/** Of a type with fewer cells a model is seldom sure; of one with more, Unknown cells are of another type. */
const FEW = 20;

/** The labels of both references, each by what is said of it. */
export interface LabelPairs {
  readonly first: readonly LabelPair[];
  readonly second: readonly LabelPair[];
}

/**
 * `first` has the cells of the first reference by a model of the second, `second` the other way round. Labels that match
 * nothing because their cells are Unknown are looked at once more in `guessed`, where Unknown cells have the likeliest label:
 * two of them that are one type there, and left over on both sides, match if one has few cells.
 */
export function pairLabels(
  first: CrossTable,
  second: CrossTable,
  guessed: { readonly first: CrossTable; readonly second: CrossTable } | null = null,
): LabelPairs {
  const sure = pairsOf(first, second);
  if (guessed === null) return sure;
  const likely = pairsOf(guessed.first, guessed.second);
  return {
    first: withGuesses(sure.first, likely.first, sure.second),
    second: withGuesses(sure.second, likely.second, sure.first),
  };
}

function withGuesses(
  sure: readonly LabelPair[],
  likely: readonly LabelPair[],
  others: readonly LabelPair[],
): LabelPair[] {
  const isMatch = ({ nCells, match }: LabelPair, likeliest: LabelPair): boolean => {
    const other = others.find(({ label }) => label === likeliest.others[0]);
    if (match !== "unmatched" || likeliest.match !== "same" || other?.match !== "unmatched") return false;
    return Math.min(nCells, other.nCells) < FEW;
  };
  return sure.map((pair, i) => (isMatch(pair, likely[i]) ? likely[i] : pair));
}

function pairsOf(first: CrossTable, second: CrossTable): LabelPairs {
  const [a, b] = [sharesOf(first, second), sharesOf(second, first)];
  const [partsOfA, partsOfB] = [partsOf(a, b), partsOf(b, a)];
  // A label that is itself made of several is no part of another.
  const coarseA = new Map([...partsOfA].filter(([, parts]) => parts.every((part) => !partsOfB.has(part))));
  const coarseB = new Map([...partsOfB].filter(([, parts]) => parts.every((part) => !partsOfA.has(part))));
  return {
    first: describe(first, second.labels, a, b, coarseA, coarseB),
    second: describe(second, first.labels, b, a, coarseB, coarseA),
  };
}

interface Shares {
  readonly n: number;
  /** The share of the cells of `own` that are given `other`, by their numbers. */
  readonly of: (own: number, other: number) => number;
  /** The label that most cells are given; -1 if none is given one. */
  readonly best: readonly number[];
}

/** Labels of the other are numbered as `other.labels`, of which the model may know fewer. */
function sharesOf({ labels, predicted, counts, sizes }: CrossTable, other: CrossTable): Shares {
  const place = other.labels.map((label) => predicted.indexOf(label));
  const of = (own: number, to: number): number =>
    place[to] < 0 || sizes[own] === 0 ? 0 : counts[own * predicted.length + place[to]] / sizes[own];
  const best = labels.map((_, own) =>
    other.labels.reduce((found, __, to) => (of(own, to) > (found < 0 ? 0 : of(own, found)) ? to : found), -1),
  );
  return { n: labels.length, of, best };
}

/** The labels of which several of the other's are parts: these go to it, and it goes to them. */
function partsOf(own: Shares, other: Shares): Map<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  for (let label = 0; label < own.n; label++) {
    const parts = other.best.flatMap((best, part) =>
      best === label && other.of(part, label) >= MOST && own.of(label, part) >= PART ? [part] : [],
    );
    const covered = parts.reduce((sum, part) => sum + own.of(label, part), 0);
    if (parts.length > 1 && covered >= MOST) found.set(label, parts);
  }
  return found;
}

/** The geometric mean of the shares that two labels have of each other's cells. */
const likeness = (label: number, to: number, own: Shares, other: Shares): number =>
  Math.sqrt(own.of(label, to) * other.of(to, label));

/** The label that is most like `label`, the first of equals; -1 if none is. */
function likest(label: number, own: Shares, other: Shares): number {
  let best = -1;
  for (let to = 0; to < other.n; to++)
    if (likeness(label, to, own, other) > (best < 0 ? 0 : likeness(label, best, own, other))) best = to;
  return best;
}

function describe(
  { labels, sizes }: CrossTable,
  otherLabels: readonly string[],
  own: Shares,
  other: Shares,
  coarse: ReadonlyMap<number, readonly number[]>,
  otherCoarse: ReadonlyMap<number, readonly number[]>,
): LabelPair[] {
  const said = (label: number, match: LabelMatch, others: readonly number[]): LabelPair => ({
    label: labels[label],
    nCells: sizes[label],
    match,
    others: others.map((to) => otherLabels[to]),
    share: others.reduce((sum, to) => sum + own.of(label, to), 0),
    shareBack: others.length === 0 ? 0 : Math.max(...others.map((to) => other.of(to, label))),
  });
  return labels.map((_, label) => {
    const parts = coarse.get(label);
    if (parts !== undefined) return said(label, "coarser", parts);
    const whole = [...otherCoarse].find(([, of]) => of.includes(label));
    if (whole !== undefined) return said(label, "finer", [whole[0]]);
    const partner = likest(label, own, other);
    const isSame =
      partner >= 0 &&
      likest(partner, other, own) === label &&
      !otherCoarse.has(partner) &&
      likeness(label, partner, own, other) >= ALIKE;
    if (isSame) return said(label, "same", [partner]);
    const best = own.best[label];
    return said(label, "unmatched", best < 0 ? [] : [best]);
  });
}
