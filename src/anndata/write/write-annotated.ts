/** Writes a dataset of any container with results added (Node), as the output path's ending says. @module */
import { platform } from "#platform";
import type { AlsoWrite } from "../../core/bytes.ts";
import { throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { GrowingType } from "../../formats/hdf5/growing-array.ts";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import type { AnnData, Notice } from "../types.ts";
import type { Additions } from "./additions.ts";
import { checkAnnotatedOutput, writeAnnotated } from "./append.ts";
import { convertDataset } from "./convert-dataset.ts";
import { checkCarried, type ElementSink, pieces } from "./copy-elements.ts";

export interface WriteDatasetOptions extends WorkOptions {
  readonly also?: AlsoWrite | undefined;
}

const ENDINGS = [".h5ad", ".zarr"] as const;

/**
 * Writes `adata` with `additions` to `path`, which ends in `.h5ad` or `.zarr`. Within one container everything
 * else stays as it is stored; from another it is carried over, element by element. A view with other genes or cells
 * may have to leave out elements; what comes back names them.
 * Progress counts the rows of a matrix that is written anew, in a phase named `write`.
 * @throws USAGE for another ending, UNSUPPORTED for values that cannot be carried over, MISMATCH for results
 * of another number of rows, IO, ABORTED.
 */
export async function writeDataset(
  adata: AnnData,
  path: string,
  additions: Additions,
  options: WriteDatasetOptions = {},
): Promise<readonly Notice[]> {
  if (endingOf(path) === ".zarr")
    return (await import("./write-zarr.ts")).writeAnnotatedZarr(adata, path, additions, options);
  if (isH5adFile(adata)) {
    await writeAnnotated(adata.input, path, additions, options);
    return [];
  }
  return convertToH5ad(adata, path, additions, options);
}

/** Checks, before long work begins, that {@link writeDataset} can succeed. @throws as it does. */
export async function checkDatasetOutput(adata: AnnData, path: string): Promise<void> {
  if (endingOf(path) === ".zarr") return (await import("./write-zarr.ts")).checkZarrOutput(adata, path);
  if (isH5adFile(adata)) return checkAnnotatedOutput(adata.input, path);
  await checkCarried(adata);
  return platform.files.checkWritable(path);
}

function endingOf(path: string): (typeof ENDINGS)[number] {
  const ending = ENDINGS.find((each) => path.toLowerCase().endsWith(each));
  if (ending !== undefined) return ending;
  throw new AtlasmtlError(
    "USAGE",
    `got ${JSON.stringify(path)}; expected a name that ends in ${ENDINGS.join(" or ")}`,
    {
      where: path,
    },
  );
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
