/** Writes small whole datasets as `.h5ad`: panels, demonstrations, fixtures. @module */
import { platform } from "#platform";
import type { ConfigMap } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import { fileSystem, loadHdf5 } from "../../formats/hdf5/library.ts";
import { openWriter } from "../../formats/hdf5/write.ts";
import {
  isName,
  tagRoot,
  UNUSABLE_NAME,
  writeCsr,
  writeDense,
  writeDict,
  writeSettings,
} from "./write-elements.ts";
import { type FrameData, writeFrame } from "./write-frame.ts";

/** A whole dataset in memory. */
export interface AnnDataParts {
  readonly X?: Csr | DenseMatrix;
  readonly layers?: ReadonlyMap<string, Csr | DenseMatrix>;
  readonly obs: FrameData;
  readonly var: FrameData;
  readonly obsm?: ReadonlyMap<string, DenseMatrix>;
  readonly uns?: ConfigMap;
}

/** Writes `parts` to `path` atomically (Node). @throws IO, USAGE for names that HDF5 does not allow. */
export async function writeH5ad(path: string, parts: AnnDataParts): Promise<void> {
  await loadHdf5();
  await platform.files.replace(path, async (temporary) => writeParts(temporary, parts));
}

/** `parts` as the bytes of an `.h5ad` file, on any host. */
export async function emitH5ad(parts: AnnDataParts): Promise<Uint8Array> {
  const fs = fileSystem(await loadHdf5());
  const mounted = await platform.mountForHdf5(new Uint8Array(0), fs);
  try {
    writeParts(mounted.path, parts);
    return fs.readFile(mounted.path);
  } finally {
    await mounted.unmount();
  }
}

function writeParts(path: string, parts: AnnDataParts): void {
  const file = openWriter(path, "create");
  try {
    tagRoot(file);
    if (parts.X !== undefined) writeMatrix(file, "/X", parts.X);
    writeFrame(file, "/obs", parts.obs);
    writeFrame(file, "/var", parts.var);
    writeDict(file, "/layers");
    for (const [key, matrix] of parts.layers ?? []) writeMatrix(file, `/layers/${checked(key)}`, matrix);
    writeDict(file, "/obsm");
    for (const [key, matrix] of parts.obsm ?? []) writeDense(file, `/obsm/${checked(key)}`, matrix);
    for (const folder of ["/varm", "/obsp", "/varp"]) writeDict(file, folder);
    writeSettings(file, "/uns", parts.uns ?? new Map());
  } catch (error) {
    file.abandon();
    throw error;
  }
  file.finish();
}

function writeMatrix(file: ElementWriter, path: string, matrix: Csr | DenseMatrix): void {
  if ("indptr" in matrix) writeCsr(file, path, matrix);
  else writeDense(file, path, matrix);
}

function checked(name: string): string {
  if (isName(name) && name !== "_index") return name;
  throw new AtlasmtlError("USAGE", `"${name}" cannot be a name in an .h5ad file`, { hint: UNUSABLE_NAME });
}
