/** Escapes text of files, such as labels and names, for a terminal. @module */

/** Control characters, which a terminal obeys, and characters that reorder the displayed text. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return SHORT[character] ?? (code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");

/** One line with control characters as escapes: `\\x1b`, `\\n`. */
export function printable(text: string): string {
  return text.replace(STEERING, escaped);
}

/** As {@link printable}, for text of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON in which control characters that JSON itself permits are escaped as well; its meaning stays the same. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return text.replace(STEERING, (c) => (c === "\n" ? c : `\\u${hex(c.charCodeAt(0), 4)}`));
}
