/** Finds out why the gene names of query and model do not match. @module */
import { option, phrase, type Said } from "../errors.ts";

const ENSEMBL = /^ENS[A-Z]*G\d{6,}(\.\d+)?$/;
const VERSION = /\.\d+$/;

/**
 * The likely reason why the unmatched genes of query and model differ, and how to fix it.
 *
 * It checks in turn: Ensembl ids against symbols, version suffixes, upper and lower case.
 */
export function likelyCause(
  query: readonly string[],
  model: readonly string[],
): { readonly cause: string; readonly hint: Said } {
  const queryIds = share(query, (gene) => ENSEMBL.test(gene));
  const modelIds = share(model, (gene) => ENSEMBL.test(gene));
  if (queryIds < 0.5 && modelIds >= 0.5)
    return {
      cause: "the query uses gene symbols and the model Ensembl ids",
      hint: phrase`let ${option("autoGenes", true)} map them by tables of genes, or give the query Ensembl ids as var names; files often keep them in a var column: adata.var_names = adata.var["gene_ids"]; of 10x data, which has both, choose ${option("varNames", "gene_ids")}`,
    };
  if (queryIds >= 0.5 && modelIds < 0.5)
    return {
      cause: "the query uses Ensembl ids and the model gene symbols",
      hint: phrase`let ${option("autoGenes", true)} map them by tables of genes, or give the query gene symbols as var names; files often keep them in a var column: adata.var_names = adata.var["feature_name"]; of 10x data, which has both, choose ${option("varNames", "gene_symbols")}`,
    };
  const withoutVersion = (gene: string): string => gene.replace(VERSION, "");
  if (queryIds >= 0.5 && common(query, model, withoutVersion) >= 0.5)
    return {
      cause: "version suffixes, such as the .12 of ENSG00000141510.12, differ",
      hint: phrase`let ${option("autoGenes", true)} map them, or remove the version suffixes on both sides: adata.var_names = adata.var_names.str.split(".").str[0]`,
    };
  if (common(query, model, (gene) => gene.toLowerCase()) >= 0.5)
    return {
      cause: "the names differ in upper and lower case, as between human TP53 and mouse Trp53",
      hint: "check that query and model are of the same species; otherwise change the case of the query's names",
    };
  return {
    cause: "the query was measured or annotated with another set of genes",
    hint: "check species and gene annotation of the query; missing genes count as not expressed",
  };
}

/** Share of `names` that fulfil `test`; 0 if there are none. */
function share(names: readonly string[], test: (name: string) => boolean): number {
  return names.length === 0 ? 0 : names.filter(test).length / names.length;
}

/** Share of `model` that is in `query` after both are `simplified`. */
function common(
  query: readonly string[],
  model: readonly string[],
  simplified: (name: string) => string,
): number {
  const simple = new Set(query.map(simplified));
  return share(model, (gene) => simple.has(simplified(gene)));
}
