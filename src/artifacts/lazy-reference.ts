/** The reference of a loaded model, read on first use. @module */
import type { FileStore } from "../core/bytes.ts";
import { readWhole } from "../core/checksums.ts";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import type { Reference } from "../model/types.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import type { Metadata } from "./bundle-metadata.ts";
import { checkReference } from "./check-parts.ts";
import { findFile, type Location } from "./locations.ts";
import { parseReference } from "./reference.ts";

/** Where a reference is, and its content once it is asked for. */
export interface LazyReference {
  /** The file, or null when it is embedded or nowhere. */
  readonly path: () => Promise<string | null>;
  readonly exists: () => Promise<boolean>;
  readonly load: () => Promise<Reference>;
}

/** A reference that the metadata holds. @throws MISMATCH as `checkReference`. */
export function embeddedReference(
  reference: Reference,
  metadata: Metadata,
  latentSize: number,
): LazyReference {
  checkReference(reference, metadata, latentSize);
  return { path: async () => null, exists: async () => true, load: async () => reference };
}

/** A reference in a file of its own; `expected` is its SHA-256 where it is to be checked. */
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

/** Runs `work` on the first call and keeps its result; a failure is not kept. */
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

/** Names the missing path and the two ways out (docs/specification/1-artifacts.md#loading). */
function missingReference({ candidates }: Location): AtlasmtlError {
  return new AtlasmtlError("NOT_FOUND", "the KNN reference of this model is missing", {
    where: candidates[0] ?? "metadata › reference_coords",
    hint: phrase`put the reference file back there, or predict with ${option("knnCorrection", "off")} and without open-set scoring, which need no reference`,
  });
}
