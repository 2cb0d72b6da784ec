/** The wording of options as keys of a benchmark manifest. @module */
import { AtlasmtlError, locate, type OptionMention, settled } from "../errors.ts";
import { snakeName } from "../schema/keys.ts";

/** `val_fraction`, `missing_labels: ignore`, `class_weighting › mode`. */
export function manifestWords({ name, value }: OptionMention): string {
  const key = snakeName(name).replaceAll(".", " › ");
  if (value === undefined) return key;
  return `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
}

/**
 * Words the options of an error as keys of the manifest. An error without a place gets the key of the first option that
 * it mentions, below `where`.
 */
export function inManifestWords(error: unknown, where: string): unknown {
  if (!(error instanceof AtlasmtlError)) return error;
  const words = settled(error, manifestWords);
  if (error.where !== undefined) return words;
  const first = error.options[0];
  return locate(words, first === undefined ? where : `${where} › ${manifestWords(first.bare())}`);
}
