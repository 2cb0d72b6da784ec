/** The reference of a loaded model, which is read on first use. @module */
import type { FileStore } from "../core/bytes.ts";
import { readWhole } from "../core/checksums.ts";
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
  readonly load: () => Promise<Reference>;
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
  const load = async (): Promise<Reference> => {
    const found = await path();
    if (found === null) throw missingReference(location);
    const bytes = await readWhole(store, found, expected);
    try {
      const reference = parseReference(bytes);
      checkReference(reference, metadata, latentSize);
      return reference;
    } catch (error) {
      throw locate(error, found);
    }
  };
  return { path, exists: async () => (await path()) !== null, load: once(() => locateInArtifact(load)) };
}

/** Runs `work` on the first call and keeps its result, but not a failure. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= work().catch((error: unknown) => {
      result = null;
      throw error;
    });
    return result;
  };
}

/** Names the missing path and the two fixes (docs/specification/1-artifacts.md#loading). */
function missingReference({ candidates }: Location): AtlasmtlError {
  return new AtlasmtlError("NOT_FOUND", "the KNN reference of this model is missing", {
    where: candidates[0] ?? "metadata › reference_coords",
    hint: phrase`put the reference file back there, or predict with ${option("knnCorrection", "off")} and without open-set scoring and ${option("transfer")}, which need no reference`,
  });
}
