/** The files of a model with their checksums: its bytes are made once for all who ask. */
import type { ReportFiles, TrainedModel, WorkOptions } from "atlasmtl";
import type { OpenModel } from "./desk.ts";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

const known = new WeakMap<TrainedModel, ReportFiles>();

/** @throws ABORTED by the signal. */
export async function modelChecksums(opened: OpenModel, work: WorkOptions): Promise<ReportFiles> {
  return known.get(opened.model) ?? digestFiles(opened, await filesOf(opened, work));
}

/** The files of a model. Whoever has them has the checksums as well. */
export async function modelFiles(opened: OpenModel): Promise<Files> {
  const files = await filesOf(opened);
  if (!known.has(opened.model)) await digestFiles(opened, files);
  return files;
}

const filesOf = ({ name, model }: OpenModel, work?: WorkOptions): Promise<Files> =>
  model.toFiles(`${name}.pth`, {}, work);

async function digestFiles({ model }: OpenModel, files: Files): Promise<ReportFiles> {
  const found: ReportFiles[number][] = [];
  for (const [path, bytes] of files)
    found.push({ role: "model", path, sizeBytes: bytes.length, sha256: await digestOf(bytes) });
  known.set(model, found);
  return found;
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
