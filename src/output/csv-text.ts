/** Fields of comma-separated text (RFC 4180). @module */

/** Writes a field, in quotes if necessary. */
export function quotedCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const QUOTE = 34;
const LINE_FEED = 10;
const RETURN = 13;

/** The rows of a text, with unquoted fields, one by one; the last line may lack its line end. */
export function* parseCsv(text: string, delimiter = ","): Generator<string[], undefined> {
  const separator = delimiter.charCodeAt(0);
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text.charCodeAt(at) === QUOTE) {
      at++;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) {
          field += text.slice(at);
          at = text.length;
          break;
        }
        field += text.slice(at, end);
        at = end + 1;
        if (text.charCodeAt(at) !== QUOTE) break;
        field += '"';
        at++;
      }
    } else {
      const start = at;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code === separator || code === LINE_FEED || code === RETURN) break;
      }
      field = text.slice(start, at);
    }
    row.push(field);
    if (text.charCodeAt(at) === separator) {
      at++;
      if (at === text.length) row.push("");
      continue;
    }
    if (text.charCodeAt(at) === RETURN) at++;
    if (text.charCodeAt(at) === LINE_FEED) at++;
    yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}
