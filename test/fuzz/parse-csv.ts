/** RFC 4180 to the letter, with `\n` as the line end: anything else is an error. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (at >= text.length) throw new Error("a quoted field without an end");
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      at++;
      if (at < text.length && text[at] !== "," && text[at] !== "\n")
        throw new Error(`text after a quote at ${at}`);
    } else
      for (; at < text.length && text[at] !== "," && text[at] !== "\n"; at++) {
        if (text[at] === '"' || text[at] === "\r") throw new Error(`a bare quote or return at ${at}`);
        field += text[at];
      }
    row.push(field);
    if (at >= text.length) throw new Error("the last line has no end");
    if (text[at] === "\n") {
      rows.push(row);
      row = [];
    } else if (at === text.length - 1) throw new Error("the last line has no end");
    at++;
  }
  return rows;
}
