/** Tables: sorted by a click on a column, and saved as CSV. @module */

export const TABLES = String.raw`
const UNITS = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, min: 60 };
const numberIn = (text) => {
  const found = /^[+−-]?[\d,]*\.?\d+/.exec(text);
  if (!found) return null;
  const unit = text.slice(found[0].length).trim().split(/\s/)[0];
  return Number(found[0].replace(/,/g, "").replace("−", "-")) * (UNITS[unit] ?? 1);
};
const compareTexts = new Intl.Collator("en", { numeric: true }).compare;
const textIn = (cell) => cell.textContent.replace(/\s+/g, " ").trim();

for (const table of document.querySelectorAll("main table")) {
  const body = table.tBodies[0], heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
  if (heads.length === 0) continue;
  const given = [...body.rows];
  const isNumber = (column) => heads[column].classList.contains("n");
  const sort = (column, direction) => {
    const rows = [...given];
    if (direction !== 0) {
      const key = (row) => { const text = textIn(row.cells[column]); return isNumber(column) ? numberIn(text) : text === "–" || text === "" ? null : text; };
      const keys = new Map(given.map((row) => [row, key(row)]));
      rows.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return direction * (isNumber(column) ? x - y : compareTexts(x, y));
      });
    }
    body.append(...rows);
    heads.forEach((head, c) => { if (c === column && direction !== 0) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending"); else head.removeAttribute("aria-sort"); });
  };
  if (given.length > 1) heads.forEach((head, column) => {
    if (head.ariaHidden === "true" || head.hasAttribute("aria-hidden")) return;
    const first = isNumber(column) ? -1 : 1;
    const button = make("button", { type: "button", className: "sort", title: "Sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort"), direction = now === null ? 0 : now === "ascending" ? 1 : -1;
      sort(column, direction === 0 ? first : direction === first ? -first : 0);
    });
  });
  const csv = () => {
    const columns = heads.flatMap((head, c) => (head.hasAttribute("aria-hidden") ? [] : [c]));
    const rows = [...body.rows].map((row) => columns.map((c) => textIn(row.cells[c])));
    const shares = columns.map((c, i) => isNumber(c) && rows.some((row) => row[i].endsWith("%")) && rows.every((row) => /%$|^–?$/.test(row[i])));
    const value = (text, i) => {
      if (!isNumber(columns[i])) return /^[=+@\t\r-]/.test(text) ? "'" + text : text;
      const plain = shares[i] ? text.replace(/\s?%$/, "") : text;
      return plain === "–" ? "" : /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replace(/,/g, "") : plain;
    };
    const quoted = (text) => (/[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
    const lines = [columns.map((c, i) => textIn(heads[c]) + (shares[i] ? " (%)" : "")), ...rows.map((row) => row.map(value))];
    return lines.map((line) => line.map(quoted).join(",") + "\n").join("");
  };
  const button = make("button", { type: "button", title: "Save this table as CSV" }, "CSV");
  button.addEventListener("click", () => save(fileName(table, ".csv"), "text/csv", csv()));
  toolsOf(table).append(button);
}
`;
