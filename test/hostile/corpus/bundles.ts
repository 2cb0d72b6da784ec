/** Bundles of a small model, spoilt in one file each. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { saveModel } from "../../../src/artifacts/save.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { memoryStore } from "../../helpers/memory-store.ts";
import { smallModel } from "../../helpers/small-model.ts";
import type { HostileFile } from "./hostile-file.ts";

export type BundleFiles = ReadonlyMap<string, Uint8Array>;

export const MODEL = "model.pth";
export const METADATA = "model_metadata.pkl";
export const REFERENCE = "model_reference.pkl";
export const MANIFEST = "model_manifest.json";

let whole: Promise<BundleFiles> | null = null;

/** The files of a good bundle, with a manifest that has no checksums: what is spoilt must reach its parser. */
export function wholeBundle(): Promise<BundleFiles> {
  whole ??= makeBundle();
  return whole;
}

async function makeBundle(): Promise<BundleFiles> {
  const store = memoryStore();
  await saveModel(smallModel(), MODEL, { store });
  const manifest = JSON.parse(new TextDecoder().decode(store.files.get(MANIFEST))) as object;
  const files = new Map(store.files);
  return files.set(MANIFEST, jsonBytes({ ...manifest, checksums: undefined }));
}

export const jsonBytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(value, null, 2));

export async function writeFiles(folder: string, files: BundleFiles): Promise<void> {
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

/** A bundle in which `change` replaces files. */
export function spoiltBundle(
  name: string,
  codes: readonly (ErrorCode | "opens")[],
  change: (files: BundleFiles) => Iterable<readonly [string, Uint8Array]>,
  finish?: (folder: string) => Promise<void>,
): HostileFile {
  return {
    name,
    door: "model",
    codes,
    async make(folder) {
      const files = await wholeBundle();
      await writeFiles(folder, new Map([...files, ...change(files)]));
      await finish?.(folder);
      return join(folder, MODEL);
    },
  };
}
