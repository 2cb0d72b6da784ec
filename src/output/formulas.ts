/** Texts that a spreadsheet takes for formulas when it opens comma-separated text. @module */
import type { Notice } from "../anndata/types.ts";
import { notice, option, phrase } from "../errors.ts";
import type { Predictions } from "../predict/types.ts";
import { INDEX_COLUMN } from "../schema/columns.ts";
import { type CsvOptions, tableColumns } from "./columns.ts";

const FORMULA = /^[=+\-@\t\r]/;
const GUARD = "'";
/** What gets a guard: a formula, and what would else be taken for a guarded one. */
const TO_GUARD = /^'*[=+\-@\t\r]/;
const GUARDED = /^'+[=+\-@\t\r]/;

/** A text with an apostrophe before it, which makes a spreadsheet show it as it is, if it begins like a formula. */
export function guardFormula(text: string): string {
  return TO_GUARD.test(text) ? GUARD + text : text;
}

/** The text that {@link guardFormula} was given, or the text itself. */
export function withoutGuard(text: string): string {
  return text.startsWith(GUARD) && GUARDED.test(text) ? text.slice(GUARD.length) : text;
}

const MAX_NAMED = 5;

/** Names the texts of a table `path` that begin like formulas, once; null if there is none. */
export function formulaNotice(predictions: Predictions, path: string, options: CsvOptions): Notice | null {
  if (options.guardFormulas === true) return null;
  const found = new Set<string>();
  const take = (texts: Iterable<string>): void => {
    for (const text of texts) if (FORMULA.test(text)) found.add(text);
  };
  const columns = tableColumns(predictions, options);
  take([INDEX_COLUMN, ...columns.map(({ name }) => name)]);
  for (const column of columns) if (column.kind === "label") take(column.labels.categories);
  take(predictions.obsNames);
  if (found.size === 0) return null;
  const named = [...found].slice(0, MAX_NAMED).map((text) => JSON.stringify(text));
  const more = found.size > named.length ? ` and ${found.size - named.length} more` : "";
  return notice(`a spreadsheet takes these texts for formulas: ${named.join(", ")}${more}`, {
    where: path,
    hint: phrase`import the table as text, or write it with ${option("guardFormulas", true)}`,
  });
}
