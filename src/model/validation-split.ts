/** The random part of the cells that is held out for validation. @module */
import { coverClasses } from "../core/cover-classes.ts";
import { permutation } from "../core/rng.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";

/** Row numbers, ascending. */
export interface ValidationSplit {
  readonly train: Uint32Array;
  readonly val: Uint32Array;
}

/**
 * Holds out `valFraction` of `nObs` cells, rounded to the nearest number and at least one; none if it is 0. With `classes`,
 * the class of each cell, it holds out that share of every class, so that a class of one or two cells keeps them all.
 * @throws BAD_DATA if no cell would be left for training.
 */
export function splitValidation(
  nObs: number,
  valFraction: number,
  key: number,
  classes: Int32Array | null = null,
): ValidationSplit {
  if (valFraction === 0)
    return { train: Uint32Array.from({ length: nObs }, (_, row) => row), val: new Uint32Array(0) };
  const order = permutation(key, nObs);
  const nVal = Math.max(1, Math.floor(nObs * valFraction + 0.5));
  const split =
    classes !== null
      ? stratified(order, valFraction, classes)
      : { val: order.slice(0, nVal).sort(), train: order.slice(nVal).sort() };
  if (split.train.length > 0) return split;
  throw new AtlasmtlError(
    "BAD_DATA",
    `holding out ${valFraction} of ${nObs} cells for validation leaves none to train on`,
    { hint: phrase`lower ${option("valFraction")}, or train on more cells` },
  );
}

/** The share of every class that comes first in `order`. */
function stratified(order: Uint32Array, share: number, classes: Int32Array): ValidationSplit {
  const seen = new Map<number, number>();
  const isHeld = new Uint8Array(order.length);
  for (const row of order) {
    const n = (seen.get(classes[row]) ?? 0) + 1;
    seen.set(classes[row], n);
    if (Math.floor(n * share + 0.5) > Math.floor((n - 1) * share + 0.5)) isHeld[row] = 1;
  }
  const all = Uint32Array.from(order, (_, row) => row);
  return { train: all.filter((row) => isHeld[row] === 0), val: all.filter((row) => isHeld[row] === 1) };
}

/** A split in which every class of every label column has a training cell; one that has it stays as it is. */
export function keepEveryClass(
  { train, val }: ValidationSplit,
  labels: readonly { readonly codes: Int32Array }[],
): ValidationSplit {
  const { kept, others } = coverClasses(
    { kept: train, others: val },
    labels.map(({ codes }) => codes),
  );
  return { train: kept, val: others };
}
