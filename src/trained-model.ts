/** A trained model and its bundle on disk. @module */
import { loadModel } from "./artifacts/load.ts";
import { saveModel } from "./artifacts/save.ts";
import type { Model, Warning } from "./model/types.ts";

export interface LoadOptions {
  /** Compare every file with the manifest's SHA-256 before parsing it; on by default. */
  readonly verifyChecksums?: boolean;
}

export interface SaveOptions {
  /** Where the KNN reference goes, `.pkl` or `.pkl.gz`; by default beside the model. */
  readonly referencePath?: string;
}

/**
 * A model in memory.
 *
 * ```ts
 * const model = await TrainedModel.load("model/model.pth");
 * console.log(model.data.labelHeads.map((head) => `${head.column}: ${head.classes.length} classes`));
 * ```
 */
export class TrainedModel {
  constructor(
    /** Everything the bundle holds, as plain data. */
    readonly data: Model,
    /** What training or loading found worth telling. */
    readonly warnings: readonly Warning[] = [],
    /** Every seed used, by purpose; empty for a loaded model. */
    readonly seeds: Readonly<Record<string, number>> = {},
  ) {}

  /**
   * Opens a bundle by its `.pth` or its manifest (contract 1 §7).
   * @throws NOT_FOUND, BAD_FORMAT, UNSUPPORTED, CHECKSUM, MISMATCH or LIMIT, located in the file at fault.
   */
  static async load(path: string, options: LoadOptions = {}): Promise<TrainedModel> {
    const { model, warnings } = await loadModel(path, options);
    return new TrainedModel(model, warnings);
  }

  /**
   * Writes the bundle of contract 1 §1 to `path`, which ends in `.pth`; whole or not at all.
   * @throws USAGE for another suffix, IO when a file cannot be written.
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    await saveModel(this.data, path, options);
  }
}
