/** The door of the artifact layer. @module */
import { AtlasmtlError } from "../errors.ts";

/** Errors about the content of a bundle leave with the subject `artifact`; others keep theirs. */
export async function locateInArtifact<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AtlasmtlError) || ["USAGE", "IO", "ABORTED", "BUG"].includes(error.code))
      throw error;
    const { code, message, hint, where, cause } = error;
    const located = new AtlasmtlError(code, message, {
      ...(where === undefined ? {} : { where }),
      ...(hint === undefined ? {} : { hint }),
      subject: "artifact",
      cause,
    });
    if (error.stack !== undefined) located.stack = error.stack;
    throw located;
  }
}
