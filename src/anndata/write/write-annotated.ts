/**
 * Writes a dataset of any container with added results (Node); the ending of the output path decides the
 * format. @module
 */
import { refuseOverwriting } from "../../core/overwriting.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ContainerWriter, WriteDatasetOptions } from "../containers/container.ts";
import { WRITTEN_ENDINGS, writtenContainer } from "../containers/containers.ts";
import type { AnnData, Notice } from "../types.ts";
import type { AdditionNames, Additions } from "./additions.ts";

/**
 * Writes `adata` with `additions` to `path` (Node), which ends in `.h5ad` or `.zarr`. Within one container everything
 * else stays as it is stored; from another, and from a layout of anndata before 0.7, it is carried over, element by
 * element. A view with other genes or cells may have to leave out elements; what comes back names them.
 * Progress counts the rows of a matrix that is written anew, in a phase named `write`.
 * @throws USAGE for another ending and for the dataset itself without `inPlace`, UNSUPPORTED for values that cannot be
 * copied, MISMATCH for results with another number of rows, IO, ABORTED.
 */
export async function writeDataset(
  adata: AnnData,
  path: string,
  additions: Additions,
  options: WriteDatasetOptions = {},
): Promise<readonly Notice[]> {
  const writer = writerOf(path);
  await refuseItself(adata, path, options);
  return writer.write(adata, path, additions, options);
}

/**
 * Checks before long work that {@link writeDataset} can succeed, with additions of these names, if they are
 * given.
 * @throws like it, and like `checkAnnotatable`.
 */
export async function checkDatasetOutput(
  adata: AnnData,
  path: string,
  additions: AdditionNames | null = null,
  options: Pick<WriteDatasetOptions, "inPlace"> = {},
): Promise<void> {
  const writer = writerOf(path);
  await refuseItself(adata, path, options);
  await writer.check(adata, path, additions);
}

/** The files and folders that a dataset is read from, where it has paths. */
export function filesOf({ stored, input }: AnnData): readonly string[] {
  return stored?.files ?? (typeof input === "string" ? [input] : []);
}

async function refuseItself(
  adata: AnnData,
  path: string,
  { inPlace = false }: Pick<WriteDatasetOptions, "inPlace">,
): Promise<void> {
  // What is read may be a part of it only, and the rest would be lost.
  const canBeInPlace = adata.stored?.part === undefined;
  if (!inPlace || !canBeInPlace) await refuseOverwriting([path], filesOf(adata), { canBeInPlace });
}

function writerOf(path: string): ContainerWriter {
  const container = writtenContainer(path);
  if (container !== null) return container.writer;
  throw new AtlasmtlError(
    "USAGE",
    `got ${JSON.stringify(path)}, expected a name that ends in ${WRITTEN_ENDINGS.join(" or ")}`,
    { where: path },
  );
}
