/**
 * Every error that a caller can get is an {@link AtlasmtlError} with one of these codes.
 *
 * ```ts
 * try { await TrainedModel.load("model.pth"); }
 * catch (error) { if (isAtlasmtlError(error, "CHECKSUM")) console.error(error.hint); }
 * ```
 * @module
 */

/**
 * The closed set of error codes.
 *
 * `USAGE` a wrong option or call; `NOT_FOUND` a file, key, column or layer that does not exist; `BAD_FORMAT`
 * bytes that do not follow their format; `UNSUPPORTED` valid input that atlasmtl does not read or write;
 * `BAD_DATA` values that cannot be used; `MISMATCH` two inputs that do not belong together; `LIMIT` a
 * declared size beyond a safe bound; `CHECKSUM` a file that has changed; `IO` an error of the operating
 * system (disk full, permission, memory); `ABORTED` the caller's signal; `BUG` a broken invariant of
 * atlasmtl.
 */
export const ERROR_CODES = [
  "USAGE",
  "NOT_FOUND",
  "BAD_FORMAT",
  "UNSUPPORTED",
  "BAD_DATA",
  "MISMATCH",
  "LIMIT",
  "CHECKSUM",
  "IO",
  "ABORTED",
  "BUG",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What is at fault; the command line derives its exit code from it
 * (docs/specification/6-cli.md#exit-codes).
 */
export type ErrorSubject = "usage" | "data" | "artifact" | "environment" | "bug";

/** What happened (`message`: got and expected), where (`file › key`) and how to fix it (`hint`). */
export interface ErrorDetails {
  readonly where?: string;
  readonly hint?: string;
  readonly subject?: ErrorSubject;
  readonly cause?: unknown;
}

/** The one error class of the library. */
export class AtlasmtlError extends Error {
  override readonly name = "AtlasmtlError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly subject: ErrorSubject;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
    this.subject = details.subject ?? defaultSubject(code);
  }
}

function defaultSubject(code: ErrorCode): ErrorSubject {
  switch (code) {
    case "USAGE":
      return "usage";
    case "CHECKSUM":
      return "artifact";
    case "IO":
      return "environment";
    case "BUG":
      return "bug";
    default:
      return "data";
  }
}

/** True if `error` is an {@link AtlasmtlError} and, if `codes` are given, has one of them. */
export function isAtlasmtlError(error: unknown, ...codes: ErrorCode[]): error is AtlasmtlError {
  return error instanceof AtlasmtlError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * Adds a location to a caught error; call it once, where the location is known.
 *
 * `where` becomes a prefix (`file › key`); `subject` replaces the default. Other errors are returned
 * unchanged.
 */
export function locate(error: unknown, where: string, subject?: ErrorSubject): unknown {
  if (!(error instanceof AtlasmtlError)) return error;
  const { code, message, hint, cause } = error;
  const place = error.where === undefined ? where : `${where} › ${error.where}`;
  const located = new AtlasmtlError(code, message, {
    where: place,
    ...(hint === undefined ? {} : { hint }),
    subject: subject ?? error.subject,
    cause,
  });
  if (error.stack !== undefined) located.stack = error.stack;
  return located;
}
