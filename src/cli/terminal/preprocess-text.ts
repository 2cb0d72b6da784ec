/** The choices of preprocessing in a few lines. @module */
import type { PreprocessResult } from "../../api/index.ts";
import { NAMING_CASES } from "../../api/options.ts";
import { count, plural } from "./print.ts";

const KINDS = {
  symbol: "symbols",
  ensembl: "Ensembl ids",
  ensembl_versioned: "Ensembl ids with versions",
  mixed: "symbols and Ensembl ids, mixed",
} as const;

/** The namespace and species, each marked where it is a guess, and what became of the genes. */
export function genesText({ genes, panel }: PreprocessResult): string {
  const { naming, unmapped, nStripped, nFormer } = genes;
  const { guessed } = naming;
  const mark = (isGuess: boolean): string => (isGuess ? " (a guess)" : "");
  const how =
    naming.namingCase === NAMING_CASES.table
      ? `mapped by ${naming.table}`
      : naming.column === null
        ? "taken as they are"
        : `ids from the var column ${naming.column}`;
  const facts = [
    `${KINDS[naming.varNamesType]}${mark(guessed.varNamesType)} of ${naming.species}${mark(guessed.species)}`,
    how,
    ...(naming.prefix === null ? [] : [`without the prefix ${naming.prefix}`]),
    ...(nStripped === 0 ? [] : [`${count(nStripped)} versions left out`]),
    ...(nFormer === 0 ? [] : [`${count(nFormer)} by former symbols`]),
    `${count(unmapped.length)} without an id`,
  ];
  const space = panel.featureSpace === "hvg" ? "variable genes" : "genes";
  return `genes: ${facts.join(", ")}\nkept ${count(panel.geneIds.length)} ${space} of ${plural(genes.ids.length, "gene")}`;
}
