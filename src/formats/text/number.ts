/** Parses decimal numbers directly from the bytes of a text. @module */

const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const PLUS = 43;
const POINT = 46;

/** Powers of ten that float64 holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** Number of digits that float64 always holds exactly. */
const EXACT_DIGITS = 15;

/**
 * The number in `bytes[start]` to `bytes[end]` (exclusive), NaN if it is not a finite decimal number.
 *
 * Up to 15 digits without an exponent need one exact division, which rounds once (W. Clinger, "How to read
 * floating point numbers accurately", 1990). Other numbers use the host's parser, with the same result.
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative || bytes[at] === PLUS) at++;
  let value = 0;
  let digits = 0;
  let decimals = 0;
  let isFraction = false;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte >= ZERO && byte <= NINE) {
      value = value * 10 + byte - ZERO;
      if (value > 0) digits++;
      if (isFraction) decimals++;
    } else if (byte === POINT && !isFraction) isFraction = true;
    else return parseSlowly(bytes, start, end);
  }
  // `digits` does not count leading zeros; zero has none.
  const nChars =
    at - start - (isFraction ? 1 : 0) - (bytes[start] === MINUS || bytes[start] === PLUS ? 1 : 0);
  if (nChars <= 0) return Number.NaN;
  if (digits > EXACT_DIGITS || decimals > 22) return parseSlowly(bytes, start, end);
  if (decimals > 0) value /= POWERS[decimals];
  return isNegative ? -value : value;
}

function parseSlowly(bytes: Uint8Array, start: number, end: number): number {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}
