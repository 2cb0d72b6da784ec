/** Errors of the library, their wording for a host, and the conversion of errors of the operating system. @module */
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
  optionsOf,
  phrase,
} from "../errors.ts";
