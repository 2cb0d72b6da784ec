/** The errors of the library, how hosts word them, and how those of a system become ones. @module */
export { asFileError, isFullMemory } from "../core/file-errors.ts";
export { shown } from "../core/shown.ts";
export type {
  ErrorCode,
  ErrorSubject,
  Notice,
  OptionMention,
  OptionValue,
  Said,
  Wording,
} from "../errors.ts";
export {
  AtlasmtlError,
  changed,
  inWords,
  isAtlasmtlError,
  locate,
  notice,
  option,
  phrase,
} from "../errors.ts";
