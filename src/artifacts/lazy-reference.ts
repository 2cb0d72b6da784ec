/** The reference of a loaded model, which is read on first use. @module */
import type { FileStore } from "../core/bytes.ts";
import { readWhole } from "../core/checksums.ts";
import { createPauser } from "../core/progress.ts";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import type { Reference } from "../model/types.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import type { Metadata } from "./bundle-metadata.ts";
import { checkReference } from "./check-parts.ts";
import { findFile, type Location } from "./locations.ts";
import { parseReference } from "./reference.ts";

/** The location of a reference, and its content on request. */
export interface LazyReference {
  /** The file; null if it is embedded or missing. */
  readonly path: () => Promise<string | null>;
  readonly exists: () => Promise<boolean>;
  /** @throws ABORTED by the signal. */
  readonly load: (signal?: AbortSignal) => Promise<Reference>;
}

/** A reference that is embedded in the metadata. @throws MISMATCH like `checkReference`. */
export function embeddedReference(
  reference: Reference,
  metadata: Metadata,
  latentSize: number,
): LazyReference {
  checkReference(reference, metadata, latentSize);
  return { path: async () => null, exists: async () => true, load: async () => reference };
}

/** A reference in a separate file; `expected` is its SHA-256 if it must be checked. */
export function externalReference(
  store: FileStore,
  location: Location,
  expected: string | null,
  metadata: Metadata,
  latentSize: number,
): LazyReference {
  const path = (): Promise<string | null> => findFile(store, location);
  const load = async (signal?: AbortSignal): Promise<Reference> => {
    const found = await path();
    if (found === null) throw missingReference(location);
    const bytes = await readWhole(store, found, expected, undefined, signal);
    try {
      const reference = await parseReference(bytes, createPauser(signal));
      checkReference(reference, metadata, latentSize);
      return reference;
    } catch (error) {
      throw locate(error, found);
    }
  };
  return {
    path,
    exists: async () => (await path()) !== null,
    load: once((signal) => locateInArtifact(() => load(signal))),
  };
}

/** Runs `work` on the first call and keeps its result, but not a failure. Who waits for it is not stopped by another's signal. */
function once<T>(work: (signal?: AbortSignal) => Promise<T>): (signal?: AbortSignal) => Promise<T> {
  let result: Promise<T> | null = null;
  return async (signal) => {
    for (;;) {
      result ??= work(signal).catch((error: unknown) => {
        result = null;
        throw error;
      });
      try {
        return await result;
      } catch (error) {
        const isOfAnother = error instanceof AtlasmtlError && error.code === "ABORTED" && !signal?.aborted;
        if (!isOfAnother) throw error;
      }
    }
  };
}

/** Names the missing path and the two fixes (docs/specification/1-artifacts.md#loading). */
function missingReference({ candidates }: Location): AtlasmtlError {
  return new AtlasmtlError("NOT_FOUND", "the KNN reference of this model is missing", {
    where: candidates[0] ?? "metadata › reference_coords",
    hint: phrase`put the reference file back there, or predict with ${option("knnCorrection", "off")} and without open-set scoring and ${option("transfer")}, which need no reference`,
  });
}
