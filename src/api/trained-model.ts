/** A trained model and its bundle on disk. @module */

import { openBundleFiles } from "../artifacts/bundle-files.ts";
import type { CellTypistOptions } from "../artifacts/celltypist.ts";
import { loadModel, loadModelIn } from "../artifacts/load.ts";
import { emitBundle, saveModel } from "../artifacts/save.ts";
import { type AlsoWrite, joinBytes } from "../core/bytes.ts";
import type { FileSetInput } from "../core/file-set.ts";
import { createPauser, type WorkOptions } from "../core/progress.ts";
import type { Model, Warning } from "../model/types.ts";

export interface LoadOptions extends Pick<WorkOptions, "signal"> {
  /** Compare every file with the manifest's SHA-256 before parsing it; on by default. */
  readonly verifyChecksums?: boolean | undefined;
  /** What a model of CellTypist does not say of itself; other models do not use it. */
  readonly celltypist?: CellTypistOptions | undefined;
}

export interface LoadFilesOptions extends LoadOptions {
  /** The `.pth` or the manifest of the model to load, where the files hold several. */
  readonly path?: string;
}

export interface BundleOptions {
  /** Where the KNN reference goes, `.pkl` or `.pkl.gz`; by default beside the model. */
  readonly referencePath?: string | undefined;
}

export interface SaveOptions extends BundleOptions {
  /** Further files to save with the bundle, such as a record of the run; all or none. */
  readonly also?: AlsoWrite | undefined;
}

/** The name of the model file in {@link TrainedModel.toFiles}; the other names derive from it. */
const DEFAULT_MODEL_NAME = "model.pth";

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
    /** Warnings of training or loading. */
    readonly warnings: readonly Warning[] = [],
    /** Every seed used, by purpose; empty for a loaded model. */
    readonly seeds: Readonly<Record<string, number>> = {},
    /** Paths of the files of a loaded model, the KNN reference included; empty for a newly trained model. */
    readonly files: readonly string[] = [],
    /** True if loading compared the model file with a recorded checksum. */
    readonly isVerified: boolean = false,
    /** What training took from `initModel`, and what it did not. */
    readonly notes: readonly Warning[] = [],
    /** The program that wrote a loaded bundle, where its manifest says so. */
    readonly writtenBy: string | null = null,
    /** The engine that trained it; null for a loaded model. */
    readonly engine: string | null = null,
  ) {}

  /**
   * Opens a bundle (docs/specification/1-artifacts.md#loading): by the path of its `.pth`, its manifest or its
   * folder in Node,
   * from its files anywhere.
   *
   * ```ts
   * const model = await TrainedModel.load(folderPicker.files); // <input type="file" webkitdirectory>
   * ```
   * Among given files, the manifest or else the `.pth` is found by its name, and no other files are read. The
   * KNN reference is read on first use, so keep the files in place until then.
   *
   * A bundle in one zip archive ({@link toZip}) opens as well: a path that ends in `.zip` (Node), the `File` alone or in a list, a
   * `Blob` or bytes. So does a `.pkl` of CellTypist, as data (docs/from-celltypist.md); saved, it is a bundle.
   * @throws NOT_FOUND, BAD_FORMAT, UNSUPPORTED, CHECKSUM, MISMATCH or LIMIT, located in the file at fault;
   * USAGE for files that hold several models.
   */
  static async load(path: string | Blob | Uint8Array, options?: LoadFilesOptions): Promise<TrainedModel>;
  static async load(files: FileSetInput, options?: LoadFilesOptions): Promise<TrainedModel>;
  static async load(
    from: string | Blob | Uint8Array | FileSetInput,
    options: LoadFilesOptions = {},
  ): Promise<TrainedModel> {
    const { model, manifest, warnings, files, isVerified } =
      typeof from === "string"
        ? await loadModel(from, options)
        : await loadModelIn(await openBundleFiles(from), options);
    return new TrainedModel(model, warnings, {}, files, isVerified, [], manifest?.writtenBy ?? null);
  }

  /**
   * Writes the bundle of docs/specification/1-artifacts.md#bundle-files to `path`, which ends in `.pth`, or in `.zip` for one
   * archive of it; whole or not at all.
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
   * @throws USAGE for a name that does not end in `.pth`; ABORTED by the signal.
   */
  async toFiles(
    name: string = DEFAULT_MODEL_NAME,
    options: BundleOptions = {},
    { signal }: Pick<WorkOptions, "signal"> = {},
  ): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
    const files = await emitBundle(this.data, name, { ...options, signal });
    return new Map(files.map(({ path, bytes }) => [path, joinBytes(bytes)]));
  }

  /**
   * The bundle as one zip archive, on any host; the same model gives the same bytes. {@link load} opens it, and unpacked it is
   * what {@link save} writes.
   *
   * ```ts
   * offerDownload("model.zip", new Blob([await model.toZip()]));
   * ```
   * @param name what `model.pth` is to be called in it.
   * @throws USAGE for a name that does not end in `.pth`; ABORTED by the signal.
   */
  async toZip(
    name: string = DEFAULT_MODEL_NAME,
    { signal }: Pick<WorkOptions, "signal"> = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { emitZippedBundle } = await import("../artifacts/zipped-bundle.ts");
    return joinBytes(
      await emitZippedBundle(await emitBundle(this.data, name, { signal }), createPauser(signal)),
    );
  }
}
