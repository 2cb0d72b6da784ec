/** Numbers of R's serialization, in either byte order. @module */

/** R's NA of integers and logical values. */
export const NA_INTEGER = -2147483648;

export function integers(bytes: Uint8Array, length: number, isLittleEndian: boolean): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Int32Array(length);
  for (let i = 0; i < length; i++) values[i] = view.getInt32(4 * i, isLittleEndian);
  return values;
}

/** NA is NaN. */
export function doubles(bytes: Uint8Array, length: number, isLittleEndian: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = view.getFloat64(8 * i, isLittleEndian);
  return values;
}

/** As float32; an NA of integers is NaN. */
export function floats(
  bytes: Uint8Array,
  length: number,
  isLittleEndian: boolean,
  isReal: boolean,
): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(length);
  if (isReal) for (let i = 0; i < length; i++) values[i] = view.getFloat64(8 * i, isLittleEndian);
  else
    for (let i = 0; i < length; i++) {
      const value = view.getInt32(4 * i, isLittleEndian);
      values[i] = value === NA_INTEGER ? Number.NaN : value;
    }
  return values;
}

/** Digits that `as.character` gives a number. */
const DIGITS = 15;

/** A number as R's `as.character` writes it: the fewest of 15 digits, in the shorter of its two notations. */
export function numberText(value: number, scientificPenalty: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "Inf" : "-Inf";
  if (value === 0) return "0";
  const [mantissa, exponentText] = value.toExponential(DIGITS - 1).split("e");
  const exponent = Number(exponentText);
  const trimmed = mantissa.replace(/\.?0+$/, "");
  const decimals = Math.max(0, trimmed.replace(/^-?\d\.?/, "").length);
  const power = Math.abs(exponent);
  const scientific = `${trimmed}e${exponent < 0 ? "-" : "+"}${power < 10 ? "0" : ""}${power}`;
  const fixed = value.toFixed(Math.min(100, Math.max(0, decimals - exponent)));
  return fixed.length <= scientific.length + scientificPenalty ? fixed : scientific;
}
