/** One file, or a bundle, that is damaged or means harm. */
import type { ErrorCode } from "../../../src/errors.ts";

export interface HostileFile {
  /** What is wrong with it. */
  readonly name: string;
  /** How a user opens it. */
  readonly door: "model" | "archive" | "foreign" | "dataset" | "manifest" | "table" | "refinement";
  /** The codes of the errors that may come; one of them must. `opens`: nothing is wrong but must stay harmless. */
  readonly codes: readonly (ErrorCode | "opens")[];
  /** Writes it into an empty folder and returns the path to open. */
  readonly make: (folder: string) => Promise<string>;
}
