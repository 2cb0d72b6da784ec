/** Numbers as Python prints them. @module */

/** `str(x)` of a Python float: shortest digits, a decimal point, an exponent below 1e-4 and from 1e16. */
export function pythonFloat(value: number): string {
  return floatText(value, value);
}

/** As {@link pythonFloat} of a numpy float32: the shortest decimal that reads back as the same float32. */
export function pythonFloat32(value: number): string {
  return floatText(value, Number.isFinite(value) ? shortestDecimal(value) : value);
}

/** `decimal` printed in the form that the size of `value` asks for. */
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
  for (let digits = Math.abs(value) < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(9));
}

/** `d.ddde-05`: at least two digits in the exponent. */
function scientific(decimal: number): string {
  const [digits, exponent] = decimal.toExponential().split("e") as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
