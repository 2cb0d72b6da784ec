/** Numbers as Python prints them. @module */

/** `str(x)` of a Python float: shortest digits, a decimal point, an exponent below 1e-4 and from 1e16. */
export function pythonFloat(value: number): string {
  return floatText(value, value);
}

/** As {@link pythonFloat} of a numpy float32: the shortest decimal that reads back as the same float32. */
export function pythonFloat32(value: number): string {
  return floatText(value, Number.isFinite(value) ? shortestDecimal(value) : value);
}

/** Formats `decimal` in plain or exponent notation, depending on the size of `value`. */
function floatText(value: number, decimal: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e16) return scientific(decimal);
  const text = String(decimal); // in full: JavaScript goes to exponents below 1e-6 and from 1e21
  return text.includes(".") ? text : `${text}.0`;
}

const SMALLEST_NORMAL = 2 ** -126;

/** Six digits always survive a normal float32, and nine always suffice (IEEE 754). */
function shortestDecimal(value: number): number {
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 10) return value < 0 ? -shortestScaled(size) : shortestScaled(size);
  for (let digits = Math.abs(value) < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(9));
}

/**
 * The same for 1e-4 ≤ value < 10, without parsing text: value × 10^k is exact up to k = 12 (24 bits and the
 * 28 bits of 5^12), and the quotient of two exact numbers is the float64 nearest to that decimal.
 */
function shortestScaled(value: number): number {
  // Six significant digits.
  let scale = value >= 1 ? 1e5 : value >= 0.1 ? 1e6 : value >= 0.01 ? 1e7 : value >= 0.001 ? 1e8 : 1e9;
  for (let digits = 6; digits < 9; digits++, scale *= 10) {
    const decimal = Math.floor(value * scale + 0.5) / scale;
    if (Math.fround(decimal) === value) return decimal;
  }
  return Math.floor(value * scale + 0.5) / scale;
}

/** `d.ddde-05`: at least two digits in the exponent. */
function scientific(decimal: number): string {
  const [digits, exponent] = decimal.toExponential().split("e") as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
