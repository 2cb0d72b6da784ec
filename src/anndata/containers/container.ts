/** What one container is to the others. @module */
import type { AlsoWrite } from "../../core/bytes.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { AnnData, Notice } from "../types.ts";
import type { AdditionNames, Additions } from "../write/additions.ts";
import type { OpenOptions, Probe } from "./probe.ts";

/** One container: what it is called, how it is recognised and opened, and how it is written, where it is. */
export interface Container {
  /** The short name that `AnnData.stored.format` and reports use; containers of one format share it. */
  readonly format: string;
  /** For people: what this is, such as `AnnData in HDF5 (.h5ad)`. */
  readonly title: string;
  /** For lists: what a file or folder of this kind is called, such as `10x .h5`. */
  readonly short: string;
  /** What names of such files and folders end in, in lower case. */
  readonly endings: readonly string[];
  /** Files of other kinds have names like these too. */
  readonly sharesEndings?: true;
  /** For what can be a folder: whether the names in one say that it is. */
  isFolderOf?(entries: readonly string[]): boolean;
  recognises(probed: Probe): boolean | Promise<boolean>;
  /** @throws as `openAnnData`. */
  open(probed: Probe, options: OpenOptions): Promise<AnnData>;
  /** Starts loading what reads it, before it is opened. */
  preload?(): Promise<unknown>;
  /** How a dataset with results added becomes one; absent where none is written. */
  readonly writer?: ContainerWriter;
}

/** Whether a name ends in one of these, gzipped or not. */
export function hasEnding(name: string, endings: readonly string[]): boolean {
  const lower = name.toLowerCase().replace(/\.gz$/, "");
  return endings.some((ending) => lower.endsWith(ending));
}

export interface ContainerWriter {
  /** As `writeDataset`. */
  write(
    adata: AnnData,
    path: string,
    additions: Additions,
    options: WriteDatasetOptions,
  ): Promise<readonly Notice[]>;
  /** As `checkDatasetOutput`. */
  check(adata: AnnData, path: string, additions: AdditionNames | null): Promise<void>;
}

export interface WriteDatasetOptions extends WorkOptions {
  readonly also?: AlsoWrite | undefined;
}
