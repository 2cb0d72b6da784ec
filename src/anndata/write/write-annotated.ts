/**
 * Writes a dataset of any container with added results (Node); the ending of the output path decides the
 * format. @module
 */
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
 * @throws USAGE for another ending, UNSUPPORTED for values that cannot be copied, MISMATCH for results with
 * another number of rows, IO, ABORTED.
 */
export async function writeDataset(
  adata: AnnData,
  path: string,
  additions: Additions,
  options: WriteDatasetOptions = {},
): Promise<readonly Notice[]> {
  return writerOf(path).write(adata, path, additions, options);
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
): Promise<void> {
  await writerOf(path).check(adata, path, additions);
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
