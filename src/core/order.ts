/** Sort orders that agree with Python's. @module */

/**
 * Compares strings by Unicode code point, as Python sorts str (docs/specification/1-artifacts.md#metadata-file).
 *
 * JavaScript sorts by UTF-16 unit, which differs beyond U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

/** A surrogate is part of a code point above every single unit, including those from U+E000 on. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
