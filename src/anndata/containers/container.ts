/** What one container is to the others. @module */
import type { AnnData } from "../types.ts";
import type { OpenOptions, Probe } from "./probe.ts";

/** One container: how it is recognised and opened. */
export interface Container {
  /** The short name that `AnnData.stored.format` and reports use. */
  readonly format: string;
  /** For people: what this is, such as `AnnData in HDF5 (.h5ad)`. */
  readonly title: string;
  recognises(probed: Probe): boolean | Promise<boolean>;
  /** @throws as `openAnnData`. */
  open(probed: Probe, options: OpenOptions): Promise<AnnData>;
}
