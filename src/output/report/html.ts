/** Builds HTML and escapes all data. @module */

/** Characters that change the reading direction, and so can disguise a text. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g;

/** Markup that this module made; all other values are escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | null | readonly Part[];

/** A template whose values are escaped, unless they are {@link Markup}; lists are joined, null is empty. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(strings.map((text, i) => (i === 0 ? text : show(values[i - 1]) + text)).join(""));
}

function show(value: Part): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(show).join("");
  return escapeHtml(String(value));
}

/** Escapes `text` for use between tags or in a quoted attribute; control characters become `�`. */
function escapeHtml(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (character) => (character === "\n" || character === "\t" ? " " : "\ufffd"))
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * JSON for a data block, without `<`, which could end the script element, and without characters that change
 * the reading direction.
 */
export function jsonBlock(value: unknown): Markup {
  const text = JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replace(DIRECTION, "\ufffd")
    .replace(/[\u2028\u2029]/g, " ");
  return new Markup(text);
}

/** Shortens a text to `limit` characters, the last one an ellipsis. */
export function shortened(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}
