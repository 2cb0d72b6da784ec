/** The door of the artifact layer. @module */
import { AtlasmtlError, changed } from "../errors.ts";

/** Gives errors about the content of a bundle the subject `artifact`; other errors keep theirs. */
export async function locateInArtifact<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AtlasmtlError) || ["USAGE", "IO", "ABORTED", "BUG"].includes(error.code))
      throw error;
    throw changed(error, { subject: "artifact" });
  }
}
