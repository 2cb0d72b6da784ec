/** Values in messages. @module */

/** Characters of a value that a message shows. */
const MAX_LENGTH = 80;

/** A value as messages show it: text in quotes, in one line, cut where it is long. */
export function shown(value: unknown): string {
  const text = spelled(value);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}…` : text;
}

function spelled(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(spelled)}]`;
  if (value instanceof Map) return "a mapping";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A whole number with commas between thousands. `toLocaleString` would take 10 ms to load its tables. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
