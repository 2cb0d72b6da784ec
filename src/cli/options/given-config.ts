/** What a config file gave a command. @module */
import type { Notice } from "../../api/errors.ts";
import type { ConfigMap } from "../../api/values.ts";

/** What a config file says. */
export interface ConfigFile {
  /** Checked settings by the keys of their flags. */
  readonly values: ReadonlyMap<string, unknown>;
  /** What it says for the record only. */
  readonly documentation: ConfigMap;
  /** Whether progress and the summary are shown; null where it does not say so. */
  readonly shown: { readonly progress: boolean | null; readonly summary: boolean | null };
  /** Of the record of a run whose reference was preprocessed: the genes that were left. */
  readonly preprocessedGenes: readonly string[] | null;
  readonly notices: readonly Notice[];
}

/** The settings that a config file gave, by the keys of their flags. */
export interface GivenKeys {
  readonly path: string;
  readonly keys: ReadonlySet<string>;
}

/** A config file of a call: what it gave, and what else it says. */
export interface GivenConfig extends GivenKeys, Omit<ConfigFile, "values"> {}
