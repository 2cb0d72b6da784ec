/** How strongly two cells of a map attract and repel each other, in tables. @module */
import { exp, log } from "../../core/math.ts";
import type { NearnessCurve } from "./curve.ts";

/** The lower bits of a float32 stand between two entries of a table; the upper ones number the entries. */
const STEP_BITS = 16;
const STEPS = 1 << (31 - STEP_BITS);
const BETWEEN = 1 << STEP_BITS;
/** Keeps the repulsion finite where two cells lie on one place. */
const LEAST_SQUARE = 0.001;

/** Entries by the squared distance as float32: 128 for each doubling. */
export interface ForceTables {
  /** Times the difference of two places: the step of attraction towards the other. */
  readonly attraction: Float32Array;
  /** The same of repulsion, away from it. */
  readonly repulsion: Float32Array;
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The gradients of the cross-entropy between graph and map (McInnes and others, 2018, section 3.2). */
export function forceTables({ a, b }: NearnessCurve): ForceTables {
  const attraction = new Float32Array(STEPS + 1);
  const repulsion = new Float32Array(STEPS + 1);
  for (let i = 0; i <= STEPS; i++) {
    bits[0] = i << STEP_BITS;
    const square = word[0];
    // Cells on one place do not attract each other; what is beyond all numbers is never looked at.
    if (!(square > 0 && square < Number.POSITIVE_INFINITY)) {
      repulsion[i] = i === 0 ? (2 * b) / LEAST_SQUARE : 0;
      continue;
    }
    const power = exp(b * log(square));
    attraction[i] = (2 * a * b * (power / square)) / (1 + a * power);
    repulsion[i] = (2 * b) / ((LEAST_SQUARE + square) * (1 + a * power));
  }
  return { attraction, repulsion };
}

/** The entry of a finite squared distance, interpolated. */
export function forceAt(table: Float32Array, square: number): number {
  word[0] = square;
  const at = bits[0];
  const i = at >>> STEP_BITS;
  const low = table[i];
  return low + (table[i + 1] - low) * ((at & (BETWEEN - 1)) / BETWEEN);
}
