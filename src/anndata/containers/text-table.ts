/** Tables of numbers as text; what reads them is loaded on first use. @module */
import { type Container, hasEnding } from "./container.ts";

const ENDINGS = [".csv", ".tsv", ".txt"] as const;

export const textTable: Container = {
  format: "table",
  title: `a table of numbers (${ENDINGS.join(", ")}, .gz or not)`,
  short: `table (${ENDINGS.join(", ")})`,
  endings: ENDINGS,
  sharesEndings: true,
  recognises: ({ kind, name }) => kind === "file" && hasEnding(name, ENDINGS),
  open: async (...given) => (await import("./open-table.ts")).openTextTable(...given, textTable.format),
};
