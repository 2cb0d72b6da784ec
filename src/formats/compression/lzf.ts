/** LZF, a compression of h5py. Source: M. Lehmann, "LibLZF", its format notes. @module */
import { AtlasmtlError } from "../../errors.ts";

/** Three bytes expand to at most 264. */
const MAX_RATIO = 88;

/**
 * Decompresses one LZF block that holds `size` bytes.
 *
 * A control byte below 32 begins a run of that many literals plus one. Any other has a length in its upper
 * three bits (7: one more byte) and a distance back in the lower bits and the next byte.
 * @throws BAD_FORMAT if the block is truncated, refers to bytes before its start or has another size.
 */
export function decodeLzf(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size > MAX_RATIO * input.length) throw damaged();
  const output = new Uint8Array(size);
  let at = 0;
  let to = 0;
  while (at < input.length) {
    const control = input[at++];
    if (control < 32) {
      const n = control + 1;
      if (at + n > input.length || to + n > size) throw damaged();
      for (let i = 0; i < n; i++) output[to++] = input[at++];
      continue;
    }
    let n = (control >> 5) + 2;
    if (n === 9) n += input[at++] ?? Number.NaN;
    let from = to - ((control & 31) << 8) - (input[at++] ?? Number.NaN) - 1;
    // Also false for NaN, the value of a missing byte.
    if (!(from >= 0 && to + n <= size)) throw damaged();
    for (let i = 0; i < n; i++) output[to++] = output[from++];
  }
  if (to !== size) throw damaged();
  return output;
}

const damaged = (): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", "the lzf data are damaged or truncated", {
    hint: "copy the file again from its source",
  });
