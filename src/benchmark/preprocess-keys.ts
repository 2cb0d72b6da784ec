/** The preprocessing keys of a dataset manifest (docs/specification/5-benchmark.md#dataset-manifest). @module */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { isAbsolutePath, joinPath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import { type PreprocessOptions, resolvePreprocessOptions } from "../preprocess/options.ts";
import { HVG_CONFIG, HVG_CONFIG_KEY, PREPROCESS_SETTINGS } from "../schema/dataset-manifest.ts";
import { type OptionRow, optionKeys } from "../schema/option.ts";
import { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
import { inManifestWords } from "./manifest-words.ts";

const KEYS = optionKeys(PREPROCESS_OPTIONS);
/** Keys of `hvg_config`, each with the option that it sets. */
const HVG_KEYS: ReadonlyMap<string, string> = new Map(
  (["hvgMethod", "nTopGenes", "hvgBatchKey"] as const).map((name) => [HVG_CONFIG[name], KEYS[name]]),
);

/**
 * The options of preprocessing in a manifest; null without any.
 * @throws USAGE, located in `where`, for a value of the wrong kind or range, or a key that `hvg_config` contradicts.
 */
export function preprocessOptionsOf(
  keys: ReadonlyMap<string, ConfigValue>,
  where: string,
): PreprocessOptions | null {
  if (keys.size === 0) return null;
  const all = new Map(keys);
  const inner = all.get(HVG_CONFIG_KEY);
  all.delete(HVG_CONFIG_KEY);
  for (const [key, value] of inner instanceof Map ? (inner as ConfigMap) : []) {
    if (value === null) continue;
    const name = HVG_KEYS.get(key)!;
    if (all.has(name) && all.get(name) !== value)
      throw new AtlasmtlError(
        "USAGE",
        `${name} is ${String(all.get(name))} and ${HVG_CONFIG_KEY} › ${key} is ${String(value)}`,
        { where: `${where} › ${HVG_CONFIG_KEY} › ${key}`, hint: "write one of them" },
      );
    all.set(name, value);
  }
  const options: PreprocessOptions = Object.fromEntries(
    [...all].map(([key, value]) => {
      const name = PREPROCESS_SETTINGS.get(key)!;
      return [name, optionValue(PREPROCESS_OPTIONS[name], value, `${where} › ${key}`)];
    }),
  );
  try {
    resolvePreprocessOptions(options);
  } catch (error) {
    throw inManifestWords(error, where);
  }
  return options;
}

function optionValue(row: OptionRow, value: ConfigValue, where: string): string | number | boolean {
  const plain = value instanceof Float ? value.value : value;
  const kind =
    row.kind === "toggle" ? "boolean" : row.kind === "number" || row.kind === "integer" ? "number" : "string";
  if (typeof plain === kind && plain !== "") return plain as string | number | boolean;
  const expected = { boolean: "true or false", number: "a number", string: "some text" }[kind];
  throw new AtlasmtlError("USAGE", `got ${JSON.stringify(plain)}, expected ${expected}`, {
    where,
    hint: "correct the value, or remove the line",
  });
}

/** The path of the gene table of a manifest; null without one. */
export function tablePath({ geneIdTable }: PreprocessOptions, folder: string): string | null {
  if (typeof geneIdTable !== "string") return null;
  return isAbsolutePath(geneIdTable) || folder === "." ? geneIdTable : joinPath(folder, geneIdTable);
}
