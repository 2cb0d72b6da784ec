/** Turns an error into three lines and an exit code (docs/specification/6-cli.md#exit-codes). @module */
import {
  AtlasmtlError,
  changed,
  type ErrorCode,
  type ErrorSubject,
  inWords,
  isFullMemory,
  type Said,
  type Wording,
} from "../../api/errors.ts";
import { printable } from "./printable.ts";
import { shellWord } from "./shell-word.ts";

const EXIT_CODES: Readonly<Record<ErrorSubject, number>> = {
  usage: 2,
  data: 3,
  artifact: 4,
  environment: 5,
  bug: 1,
};

/** 128 plus the number of SIGINT, as shells report it. */
export const EXIT_INTERRUPTED = 130;

/** How one run of a command words an option in a sentence, and as the place of an error. */
export interface CommandWords {
  readonly setting: Wording;
  readonly place: Wording;
}

const LIBRARY_WORDS: CommandWords = { setting: String, place: String };

/** What went wrong, where, and what to do; each one line. */
export interface Failure {
  readonly exitCode: number;
  readonly code: ErrorCode;
  readonly what: string;
  readonly where: string;
  readonly fix: string;
  /** The options that the error mentions, as the user of this command writes them. */
  readonly options: readonly string[];
}

/** A usage error of the command line itself. */
export function usageError(message: Said, where: Said, hint: Said): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, { where, hint });
}

/** Codes whose subject does not depend on the file. */
const FIXED_SUBJECTS: readonly ErrorCode[] = ["USAGE", "IO", "ABORTED", "BUG"];

/** Runs `work`; errors about the content or absence of a file leave it with `subject`. */
export async function asSubject<T>(subject: ErrorSubject, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isFixed = !(error instanceof AtlasmtlError) || FIXED_SUBJECTS.includes(error.code);
    throw isFixed ? error : changed(error, { subject });
  }
}

/**
 * Describes any error with options as the command names them. `command`, such as `atlasmtl train`, is the place of an
 * error that has none and mentions no option.
 */
export function describeFailure(
  error: unknown,
  command: string,
  words: CommandWords = LIBRARY_WORDS,
): Failure {
  if (isInterruption(error))
    return {
      exitCode: EXIT_INTERRUPTED,
      code: "ABORTED",
      what: "interrupted",
      where: command,
      fix: "no half-written file was left; run the command again",
      options: [],
    };
  const known = asKnown(error);
  if (known === null || known.subject === "bug") return describeBug(error, command);
  const { message, hint } = inWords(known, words.setting);
  const setting = known.code === "USAGE" ? known.options[0] : undefined;
  const place = setting?.bare().wordedBy(words.place);
  const where = oneLine(inWords(known, words.place).where ?? place ?? command);
  return {
    exitCode: EXIT_CODES[known.subject],
    code: known.code,
    what: oneLine(message),
    where,
    fix: oneLine(hint ?? (place === undefined ? wayOn(known, where, command) : `correct ${place}`)),
    options: known.options.map((option) => oneLine(option.bare().wordedBy(words.setting))),
  };
}

/** The hint for an error without one, by its code, subject and file. */
function wayOn({ code, subject }: AtlasmtlError, where: string, command: string): string {
  if (subject === "usage") return `correct the call; ${command} --help lists what can be given`;
  if (subject === "environment") return "check the disk, the memory and the permissions of this machine";
  const [file] = where.split(" › ");
  const isPath = file !== command && /[./\\]/.test(file);
  if (subject === "artifact")
    return `copy the model again from where it was made, or find the file that changed: atlasmtl verify ${isPath ? shellWord(file) : "MODEL"}`;
  const look = `atlasmtl inspect ${isPath ? shellWord(file) : "FILE"} shows what is in it`;
  if (code === "BAD_FORMAT" || code === "LIMIT")
    return `copy the file again, or write it again from its source; ${look}`;
  if (code === "MISMATCH") return `give files that belong together; ${look}`;
  if (code === "UNSUPPORTED") return `write the file in a form that is read; ${look}`;
  return `correct the file, or name what it has; ${look}`;
}

function describeBug(error: unknown, command: string): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return {
    exitCode: EXIT_CODES.bug,
    code: "BUG",
    what: `internal error: ${oneLine(text)}`,
    where: command,
    fix: "this is a bug in atlasmtl: please report it with this command, the output of it with --debug, and that of atlasmtl doctor",
    options: [],
  };
}

function isInterruption(error: unknown): boolean {
  if (error instanceof AtlasmtlError) return error.code === "ABORTED";
  return error instanceof Error && error.name === "AbortError";
}

/** Turns errors of Node, such as a full disk, into errors of the library. */
function asKnown(error: unknown): AtlasmtlError | null {
  if (error instanceof AtlasmtlError) return error;
  if (!(error instanceof Error)) return null;
  if (isFullMemory(error))
    return new AtlasmtlError("IO", `not enough memory: ${error.message}`, {
      hint: "use a machine with more memory, or a smaller input",
      cause: error,
    });
  const { code, path } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return null;
  return new AtlasmtlError("IO", `the system refused: ${error.message}`, {
    ...(path === undefined ? {} : { where: path }),
    hint: "check the disk, the permissions and the limits of this machine",
    cause: error,
  });
}

/** Text from files as one line that a terminal shows and does not obey. */
function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, " ").trim());
}
