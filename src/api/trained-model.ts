/** A trained model and its bundle on disk. @module */
import { chooseBundle } from "../artifacts/choose-bundle.ts";
import { type LoadedModel, loadModel } from "../artifacts/load.ts";
import { emitBundle, saveModel } from "../artifacts/save.ts";
import { joinBytes } from "../core/bytes.ts";
import { createFileSet, type FileSetInput } from "../core/file-set.ts";
import type { Model, Warning } from "../model/types.ts";

export interface LoadOptions {
  /** Compare every file with the manifest's SHA-256 before parsing it; on by default. */
  readonly verifyChecksums?: boolean;
}

export interface LoadFilesOptions extends LoadOptions {
  /** The `.pth` or the manifest of the model to load, where the files hold several. */
  readonly path?: string;
}

export interface SaveOptions {
  /** Where the KNN reference goes, `.pkl` or `.pkl.gz`; by default beside the model. */
  readonly referencePath?: string;
}

/** The name of the model file in {@link TrainedModel.toFiles}; the other names derive from it. */
export const DEFAULT_MODEL_NAME = "model.pth";

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
   * Opens a bundle (docs/specification/1-artifacts.md#loading): by the path of its `.pth` or its manifest in Node,
   * from its files anywhere.
   *
   * ```ts
   * const model = await TrainedModel.load(folderPicker.files); // <input type="file" webkitdirectory>
   * ```
   * Of files, the manifest or else the `.pth` is found by its name, and nothing is looked for outside them. The
   * KNN reference is read on first use, so keep the files in place until then.
   * @throws NOT_FOUND, BAD_FORMAT, UNSUPPORTED, CHECKSUM, MISMATCH or LIMIT, located in the file at fault;
   * USAGE for files that hold several models.
   */
  static async load(path: string, options?: LoadOptions): Promise<TrainedModel>;
  static async load(files: FileSetInput, options?: LoadFilesOptions): Promise<TrainedModel>;
  static async load(from: string | FileSetInput, options: LoadFilesOptions = {}): Promise<TrainedModel> {
    const { path, verifyChecksums = true } = options;
    const { model, warnings } =
      typeof from === "string"
        ? await loadModel(from, { verifyChecksums })
        : await loadFromFiles(from, path, verifyChecksums);
    return new TrainedModel(model, warnings);
  }

  /**
   * Writes the bundle of docs/specification/1-artifacts.md#bundle-files to `path`, which ends in `.pth`; whole or
   * not at all.
   * @throws USAGE for another suffix, IO when a file cannot be written.
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    await saveModel(this.data, path, options);
  }

  /**
   * The files of the bundle by name, on any host: what {@link save} would write, the manifest last.
   *
   * ```ts
   * for (const [name, bytes] of await model.toFiles()) offerDownload(name, new Blob([bytes]));
   * ```
   * @param name what `model.pth` is to be called; a folder in it becomes part of every name.
   * @throws USAGE for a name that does not end in `.pth`.
   */
  async toFiles(
    name: string = DEFAULT_MODEL_NAME,
    options: SaveOptions = {},
  ): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
    const files = await emitBundle(this.data, name, options);
    return new Map(files.map(({ path, bytes }) => [path, joinBytes(bytes)]));
  }
}

async function loadFromFiles(
  files: FileSetInput,
  path: string | undefined,
  verifyChecksums: boolean,
): Promise<LoadedModel> {
  const store = createFileSet(files);
  return loadModel(path ?? chooseBundle(store.paths), { verifyChecksums, store });
}
