/** The random part of the cells that is held out for validation. @module */
import { permutation } from "../core/rng.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";

/** Row numbers, ascending. */
export interface ValidationSplit {
  readonly train: Uint32Array;
  readonly val: Uint32Array;
}

/**
 * Holds out `valFraction` of `nObs` cells, rounded to the nearest number and at least one; none if it is 0.
 * @throws BAD_DATA if no cell would be left for training.
 */
export function splitValidation(nObs: number, valFraction: number, key: number): ValidationSplit {
  if (valFraction === 0)
    return { train: Uint32Array.from({ length: nObs }, (_, row) => row), val: new Uint32Array(0) };
  const nVal = Math.max(1, Math.floor(nObs * valFraction + 0.5));
  if (nVal >= nObs)
    throw new AtlasmtlError(
      "BAD_DATA",
      `holding out ${valFraction} of ${nObs} cells for validation leaves none to train on`,
      { hint: phrase`lower ${option("valFraction")}, or train on more cells` },
    );
  const order = permutation(key, nObs);
  return { val: order.slice(0, nVal).sort(), train: order.slice(nVal).sort() };
}
