/** Human symbols that genes had before, and dates that spreadsheets made of some (docs/preprocessing.md#gene-ids). @module */
import { plainBytes } from "../formats/compression/gzip.ts";
import { geneId } from "./gene-table.ts";

/** The id of the gene that had a symbol before; null for others. */
export type FormerSymbols = (symbol: string) => string | null;

/** The packaged table, read on first use: former symbols of HGNC that were those of one gene and are of none now. */
export async function formerSymbols(): Promise<FormerSymbols> {
  const { PACKED } = await import("./gene-tables/human-former.ts");
  const bytes = Uint8Array.from(atob(PACKED), (character) => character.charCodeAt(0));
  const [steps, names] = new TextDecoder().decode(plainBytes(bytes)).split("\n\n") as [string, string];
  const symbols = names.split("\n");
  const idOf = new Map<string, string>();
  let number = 0;
  for (const [i, step] of steps.split("\n").entries()) {
    number += Number(step);
    const id = geneId("human", number);
    for (const symbol of symbols[i].split("\t")) idOf.set(symbol, id);
  }
  return (symbol) => idOf.get(symbol) ?? idOf.get(symbolOfDate(symbol) ?? "") ?? null;
}

/** Names of months that spreadsheets make of MARCH3, SEPT2 and DEC1. */
const DATE = /^(?:0?(\d{1,2})-(Mar|Sep|Dec)|(Mar|Sep|Dec)-0?(\d{1,2}))$/i;

/** True for a name that a spreadsheet made of a symbol. */
export const isDate = (name: string): boolean => DATE.test(name);

/** The symbol that a date was; null where it may have been two: MARC1 and MARCH1 both become 1-Mar. */
function symbolOfDate(name: string): string | null {
  const [, before, month, otherMonth, after] = DATE.exec(name) ?? [];
  const n = Number(before ?? after);
  switch ((month ?? otherMonth)?.toLowerCase()) {
    case "mar":
      return n > 2 ? `MARCH${n}` : null;
    case "sep":
      return n === 15 ? "SEP15" : `SEPT${n}`;
    case "dec":
      return `DEC${n}`;
    default:
      return null;
  }
}
