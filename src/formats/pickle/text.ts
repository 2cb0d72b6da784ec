/** The text forms of strings and numbers in pickle protocols 0 and 1. @module */
import { Float } from "../../core/config.ts";
import { MAX_INTEGER_DIGITS } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { asInteger } from "./ndarray.ts";

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
]);

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/** Python's `raw-unicode-escape`: `\uXXXX` and `\UXXXXXXXX`; other characters are unchanged. */
export function parseUnicodeEscapes(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? long!, 16);
    if (point > 0x10ffff) throw bad(`U+${point.toString(16)} is no character`);
    return String.fromCodePoint(point);
  });
}

/** A str as `repr` of Python 2: quoted, with backslash escapes. */
export function parseQuoted(line: string): string {
  const text = line.trim();
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote)
    throw bad(`${JSON.stringify(line.slice(0, 40))} is no quoted text`);
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (code.length === 3 && code[0] === "x") return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    return ESCAPES.get(code) ?? code;
  });
}

/** The index of a memo entry. */
export function parseIndex(line: string): number {
  if (!/^\d{1,15}$/.test(line)) throw bad(`memo entry ${JSON.stringify(line.slice(0, 40))}`);
  return Number(line);
}

/** Protocols 0 and 1 write booleans as `00` and `01`. */
export function parseIntLine(line: string): boolean | number | bigint {
  return line === "00" ? false : line === "01" ? true : parseDecimal(line);
}

/** A decimal integer. @throws LIMIT beyond `MAX_INTEGER_DIGITS`. */
export function parseDecimal(line: string): number | bigint {
  if (line.length > MAX_INTEGER_DIGITS)
    throw new AtlasmtlError("LIMIT", `an integer of ${line.length} digits; at most ${MAX_INTEGER_DIGITS}`);
  if (!/^\s*[+-]?\d+\s*$/.test(line)) throw bad(`${JSON.stringify(line.slice(0, 40))} is no integer`);
  return asInteger(BigInt(line.trim().replace(/^\+/, "")));
}

/** A float as its `repr`. */
export function parseFloatLine(line: string): Float {
  const special: Record<string, number> = {
    inf: Number.POSITIVE_INFINITY,
    "-inf": Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
  };
  const text = line.trim();
  if (Object.hasOwn(special, text)) return new Float(special[text]);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || text.length > 400)
    throw bad(`${JSON.stringify(line.slice(0, 40))} is no float`);
  return new Float(Number(text));
}
