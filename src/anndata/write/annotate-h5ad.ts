/** Writes a dataset of any container as an annotated `.h5ad`. @module */
import { platform } from "#platform";
import { throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { readInput } from "../../core/read-input.ts";
import { copyInSlices, type FileTarget, type SyncFile, writeAt } from "../../core/sync-file.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { GrowingType } from "../../formats/hdf5/growing-array.ts";
import { fileSystem, loadHdf5 } from "../../formats/hdf5/library.ts";
import { mountTarget } from "../../formats/hdf5/mount-target.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import type { WriteDatasetOptions } from "../containers/container.ts";
import type { AnnData, Notice } from "../types.ts";
import type { AdditionNames, Additions } from "./additions.ts";
import {
  annotateBytes,
  annotateInPlace,
  checkAnnotatable,
  checkAnnotatedOutput,
  takesAdditions,
  writeAnnotated,
} from "./append.ts";
import { checkCarried } from "./check-carried.ts";
import { convertDataset } from "./convert-dataset.ts";
import { type ElementSink, pieces } from "./copy-elements.ts";

/**
 * Writes `path` (Node): the file with additions where `adata` is one in a layout that takes them, else a new file of
 * what it holds.
 */
export async function annotateH5ad(
  adata: AnnData,
  path: string,
  additions: Additions,
  options: WriteDatasetOptions,
): Promise<readonly Notice[]> {
  if (isFile(adata) && (await isCopied(adata))) {
    await writeAnnotated(adata.input, path, additions, options);
    return [];
  }
  await loadHdf5();
  let notices: readonly Notice[] = [];
  const make = async (temporary: string): Promise<void> => {
    notices = await convertToH5ad(adata, temporary, additions, options);
  };
  await checkCarried(adata);
  await named(adata, platform.files.replace(path, make, options.also));
  return notices;
}

/** As {@link annotateH5ad}, the file as bytes, on any host. */
export async function emitAnnotatedH5ad(adata: AnnData, additions: Additions): Promise<Uint8Array> {
  if (adata.input !== null && (await isCopied(adata)))
    return annotateBytes((await readInput(adata.input)).bytes, additions, adata.source);
  const fs = fileSystem(await loadHdf5());
  await checkCarried(adata);
  const mounted = await platform.mountForHdf5(new Uint8Array(0), fs);
  try {
    await named(adata, convertToH5ad(adata, mounted.path, additions, {}));
    return fs.readFile(mounted.path);
  } finally {
    await mounted.unmount();
  }
}

/**
 * As {@link annotateH5ad}, into a file that the caller has opened, on any host: in slices, and in place, so that it
 * needs no more memory for a large dataset. Progress counts the bytes of a copied file in a phase named `copy`. When
 * it fails, the file is empty again.
 * @throws USAGE for a file that is not empty, IO when it cannot be written, ABORTED by the signal.
 */
export async function annotateToFile(
  adata: AnnData,
  target: FileTarget,
  additions: Additions,
  work: WorkOptions = {},
): Promise<readonly Notice[]> {
  const file = "fd" in target ? platform.fileOfDescriptor(target.fd) : target;
  const size = file.getSize();
  // An empty file is never the dataset itself, and what fails can leave it as it was.
  if (size !== 0)
    throw new AtlasmtlError("USAGE", `the file to write has ${size} bytes, expected an empty one`, {
      hint: "create a new file, or truncate it to 0 bytes first",
    });
  await loadHdf5();
  const mounted = mountTarget(file);
  try {
    const notices = await writeMounted(adata, mounted.path, file, additions, work);
    throwIfAborted(work.signal);
    if (mounted.failure() !== undefined) throw mounted.failure();
    file.flush();
    return notices;
  } catch (error) {
    const failure = mounted.failure();
    try {
      file.truncate(0);
      file.flush();
    } catch {
      // The file may be closed or gone; the error below says what happened first.
    }
    throw failure === undefined ? asFailedWrite(error) : asFailedWrite(failure);
  } finally {
    mounted.unmount();
  }
}

async function writeMounted(
  adata: AnnData,
  path: string,
  file: SyncFile,
  additions: Additions,
  work: WorkOptions,
): Promise<readonly Notice[]> {
  if (adata.input === null || !(await isCopied(adata))) {
    await checkCarried(adata);
    return named(adata, convertToH5ad(adata, path, additions, work));
  }
  const source = await platform.openFile(adata.input);
  try {
    await copyInSlices(source, (bytes, at) => writeAt(file, bytes, at), work);
  } finally {
    await source.close();
  }
  await annotateInPlace(path, additions, adata.source, work.signal);
  return [];
}

/** Errors of the file itself, such as a full disk, have no place and no code of this library. */
function asFailedWrite(cause: unknown): unknown {
  if (cause instanceof AtlasmtlError) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new AtlasmtlError("IO", `the annotated file cannot be written: ${said}`, {
    hint: "free some space, or write elsewhere; the file was emptied",
    cause,
  });
}

/** Errors without a place are about what is read. */
async function named<T>({ source }: AnnData, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof AtlasmtlError && error.where !== undefined ? error : locate(error, source);
  }
}

/** Checks before long work that {@link annotateH5ad} can succeed. @throws like it. */
export async function checkH5adOutput(
  adata: AnnData,
  path: string,
  additions: AdditionNames | null,
): Promise<void> {
  if (isFile(adata) && (await isCopied(adata))) await checkAnnotatedOutput(adata.input, path);
  else {
    await checkCarried(adata);
    await platform.files.checkWritable(path);
  }
  if (additions !== null) await checkAnnotatable(adata, additions);
}

const isFile = (adata: AnnData): adata is AnnData & { readonly input: string } =>
  typeof adata.input === "string";

/** True for an `.h5ad` that is copied as it is, with the results added. */
async function isCopied({ stored }: AnnData): Promise<boolean> {
  const store = stored?.store ?? null;
  return (stored?.format ?? "h5ad") === "h5ad" && (store === null || (await takesAdditions(store)));
}

/** Writes the file that the HDF5 library knows as `path`. */
async function convertToH5ad(
  adata: AnnData,
  path: string,
  additions: Additions,
  work: WorkOptions,
): Promise<readonly Notice[]> {
  const file = openWriter(path, "create");
  let notices: readonly Notice[];
  try {
    notices = await convertDataset(adata, additions, sinkOf(file, work.signal), work);
    throwIfAborted(work.signal);
  } catch (error) {
    file.abandon();
    throw error;
  }
  file.finish();
  return notices;
}

function sinkOf(file: Hdf5Writer, signal: AbortSignal | undefined): ElementSink {
  return {
    ...file,
    remarks: [],
    settle: async () => undefined,
    async copyArray(array, path) {
      const shape = array.shape ?? [];
      if (array.element === "string") file.writeStrings(path, await array.readStrings(), shape);
      else if (array.element === "boolean")
        file.writeBooleans(path, (await array.readNumbers()) as Uint8Array, shape);
      else if (shape.length === 0) file.writeNumbers(path, await array.readNumbers(), shape);
      else {
        const dtype = array.dtype === "float16" ? "float32" : (array.dtype as GrowingType);
        const grown = file.grow(path, dtype, shape.slice(1));
        for await (const values of pieces(array, signal))
          grown.append(values as NumberArray as ArrayLike<number>);
        grown.finish();
      }
    },
  };
}
