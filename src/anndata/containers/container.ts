/** The interface that every container implements. @module */
import type { AlsoWrite } from "../../core/bytes.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { AnnData, Notice } from "../types.ts";
import type { AdditionNames, Additions } from "../write/additions.ts";
import type { OpenOptions, Probe } from "./probe.ts";

/** One container: its names, how it is recognised and opened, and how it is written, if it is. */
export interface Container {
  /** The short name that `AnnData.stored.format` and reports use; containers of one format share it. */
  readonly format: string;
  /** Name for messages, such as `AnnData in HDF5 (.h5ad)`. */
  readonly title: string;
  /** Short name for lists, such as `10x .h5`. */
  readonly short: string;
  /** Endings of the names of such files and folders, in lower case. */
  readonly endings: readonly string[];
  /** True if files of other kinds also have these endings. */
  readonly sharesEndings?: true;
  /** For containers that can be folders: true if the names in a folder identify one. */
  isFolderOf?(entries: readonly string[]): boolean;
  recognises(probed: Probe): boolean | Promise<boolean>;
  /** @throws like `openAnnData`. */
  open(probed: Probe, options: OpenOptions): Promise<AnnData>;
  /** Starts to load the code that reads it. */
  preload?(): Promise<unknown>;
  /** Writes a dataset with added results; absent if the container is not written. */
  readonly writer?: ContainerWriter;
}

/** True if a name ends in one of these, gzipped or not. */
export function hasEnding(name: string, endings: readonly string[]): boolean {
  const lower = name.toLowerCase().replace(/\.gz$/, "");
  return endings.some((ending) => lower.endsWith(ending));
}

export interface ContainerWriter {
  /** Like `writeDataset`. */
  write(
    adata: AnnData,
    path: string,
    additions: Additions,
    options: WriteDatasetOptions,
  ): Promise<readonly Notice[]>;
  /** Like `checkDatasetOutput`. */
  check(adata: AnnData, path: string, additions: AdditionNames | null): Promise<void>;
}

export interface WriteDatasetOptions extends WorkOptions {
  /** Allows the output to be the dataset itself, which is then replaced. */
  readonly inPlace?: boolean | undefined;
  readonly also?: AlsoWrite | undefined;
}
