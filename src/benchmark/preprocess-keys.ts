/** The preprocessing keys of a dataset manifest (docs/specification/5-benchmark.md#dataset-manifest). @module */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { isAbsolutePath, joinPath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import { type PreprocessOptions, resolvePreprocessOptions } from "../preprocess/options.ts";
import { inManifestWords } from "./manifest-words.ts";

/**
 * Keys of docs/specification/4-preprocessing.md that a manifest may have; they are the options of preprocessing by
 * their snake_case names.
 */
export const PREPROCESS_KEYS = [
  "var_names_type",
  "species",
  "gene_id_table",
  "ensembl_source_column",
  "prefer_existing_ensembl_column",
  "feature_space",
  "n_top_genes",
  "hvg_method",
  "hvg_batch_key",
  "hvg_config",
  "duplicate_policy",
  "unmapped_policy",
  "input_matrix_type",
  "counts_layer",
  "counts_required",
  "counts_confirm_fraction",
] as const;

/** Keys of `hvg_config` and what each is called outside of it. */
export const HVG_KEYS: ReadonlyMap<string, string> = new Map([
  ["method", "hvg_method"],
  ["n_top_genes", "n_top_genes"],
  ["batch_key", "hvg_batch_key"],
]);

const FLAGS = ["prefer_existing_ensembl_column", "counts_required"];
const NUMBERS = ["n_top_genes", "counts_confirm_fraction"];

/**
 * The options that the keys of a manifest stand for; null without any.
 * @throws USAGE, located in `where`, for a value of the wrong kind or range, or a key that `hvg_config` contradicts.
 */
export function preprocessOptionsOf(
  keys: ReadonlyMap<string, ConfigValue>,
  where: string,
): PreprocessOptions | null {
  if (keys.size === 0) return null;
  const all = new Map(keys);
  const inner = all.get("hvg_config");
  all.delete("hvg_config");
  for (const [key, value] of inner instanceof Map ? (inner as ConfigMap) : []) {
    if (value === null) continue;
    const name = HVG_KEYS.get(key)!;
    if (all.has(name) && all.get(name) !== value)
      throw new AtlasmtlError(
        "USAGE",
        `${name} is ${String(all.get(name))} and hvg_config › ${key} is ${String(value)}`,
        { where: `${where} › hvg_config › ${key}`, hint: "write one of them" },
      );
    all.set(name, value);
  }
  const options: PreprocessOptions = Object.fromEntries(
    [...all].map(([key, value]) => [camel(key), optionValue(key, value, `${where} › ${key}`)]),
  );
  try {
    resolvePreprocessOptions(options);
  } catch (error) {
    throw inManifestWords(error, where);
  }
  return options;
}

function optionValue(key: string, value: ConfigValue, where: string): string | number | boolean {
  const plain = value instanceof Float ? value.value : value;
  const kind = FLAGS.includes(key) ? "boolean" : NUMBERS.includes(key) ? "number" : "string";
  if (typeof plain === kind && plain !== "") return plain as string | number | boolean;
  const expected = { boolean: "true or false", number: "a number", string: "some text" }[kind];
  throw new AtlasmtlError("USAGE", `got ${JSON.stringify(plain)}, expected ${expected}`, {
    where,
    hint: "correct the value, or remove the line",
  });
}

const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Where the table of genes of a manifest is; null without one. */
export function tablePath({ geneIdTable }: PreprocessOptions, folder: string): string | null {
  if (typeof geneIdTable !== "string") return null;
  return isAbsolutePath(geneIdTable) || folder === "." ? geneIdTable : joinPath(folder, geneIdTable);
}
