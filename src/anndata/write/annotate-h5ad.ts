/** Writes a dataset of any container as an annotated `.h5ad` (Node). @module */
import { platform } from "#platform";
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { GrowingType } from "../../formats/hdf5/growing-array.ts";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import type { WriteDatasetOptions } from "../containers/container.ts";
import type { AnnData, Notice } from "../types.ts";
import type { AdditionNames, Additions } from "./additions.ts";
import { checkAnnotatable, checkAnnotatedOutput, writeAnnotated } from "./append.ts";
import { convertDataset } from "./convert-dataset.ts";
import { checkCarried, type ElementSink, pieces } from "./copy-elements.ts";

/** Writes a copy of the file with additions if `adata` is an `.h5ad`, else a new file with its content. */
export async function annotateH5ad(
  adata: AnnData,
  path: string,
  additions: Additions,
  options: WriteDatasetOptions,
): Promise<readonly Notice[]> {
  if (!isH5adFile(adata)) return convertToH5ad(adata, path, additions, options);
  await writeAnnotated(adata.input, path, additions, options);
  return [];
}

/** Checks before long work that {@link annotateH5ad} can succeed. @throws like it. */
export async function checkH5adOutput(
  adata: AnnData,
  path: string,
  additions: AdditionNames | null,
): Promise<void> {
  if (isH5adFile(adata)) await checkAnnotatedOutput(adata.input, path);
  else {
    await checkCarried(adata);
    await platform.files.checkWritable(path);
  }
  if (additions !== null) await checkAnnotatable(adata, additions);
}

function isH5adFile(adata: AnnData): adata is AnnData & { readonly input: string } {
  return typeof adata.input === "string" && (adata.stored?.format ?? "h5ad") === "h5ad";
}

async function convertToH5ad(
  adata: AnnData,
  path: string,
  additions: Additions,
  { also, ...work }: WriteDatasetOptions,
): Promise<readonly Notice[]> {
  await checkCarried(adata);
  let notices: readonly Notice[] = [];
  await loadHdf5();
  const make = async (temporary: string): Promise<void> => {
    const file = openWriter(temporary, "create");
    try {
      notices = await convertDataset(adata, additions, sinkOf(file, work.signal), work);
      throwIfAborted(work.signal);
    } catch (error) {
      file.abandon();
      throw error;
    }
    file.finish();
  };
  try {
    await platform.files.replace(path, make, also);
  } catch (error) {
    throw error instanceof AtlasmtlError && error.where !== undefined ? error : locate(error, adata.source);
  }
  return notices;
}

function sinkOf(file: Hdf5Writer, signal: AbortSignal | undefined): ElementSink {
  return {
    ...file,
    writeNull: () => false,
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
