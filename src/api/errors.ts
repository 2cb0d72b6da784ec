/** The errors of the library, and how those of a system become ones. @module */
export { asFileError } from "../core/file-errors.ts";
export type { ErrorCode, ErrorSubject } from "../errors.ts";
export { AtlasmtlError, ERROR_CODES, isAtlasmtlError, locate } from "../errors.ts";
