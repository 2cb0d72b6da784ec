/** From an error to three lines and an exit code (docs/specification/6-cli.md#exit-codes). @module */
import { AtlasmtlError, type ErrorCode, type ErrorSubject } from "../../api/errors.ts";

const EXIT_CODES: Readonly<Record<ErrorSubject, number>> = {
  usage: 2,
  data: 3,
  artifact: 4,
  environment: 5,
  bug: 1,
};

/** 128 plus the number of SIGINT, as shells report it. */
export const EXIT_INTERRUPTED = 130;

/** What went wrong, where, and what to do; each one line. */
export interface Failure {
  readonly exitCode: number;
  readonly what: string;
  readonly where: string;
  readonly fix: string;
}

/** A usage error of the command line itself. */
export function usageError(message: string, where: string, hint: string): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, { where, hint });
}

/** A copy of an error with some of its parts changed; the stack stays. */
export function changedError(
  error: AtlasmtlError,
  changes: {
    message?: string;
    where?: string | undefined;
    hint?: string | undefined;
    subject?: ErrorSubject;
  },
): AtlasmtlError {
  const { message, where, hint, subject } = { ...error, message: error.message, ...changes };
  const changed = new AtlasmtlError(error.code, message, {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
    subject,
    cause: error.cause,
  });
  if (error.stack !== undefined) changed.stack = error.stack;
  return changed;
}

/** What is at fault whatever the file. */
const FIXED_SUBJECTS: readonly ErrorCode[] = ["USAGE", "IO", "ABORTED", "BUG"];

/** Runs `work`; errors about the content or absence of a file leave it with `subject`. */
export async function asSubject<T>(subject: ErrorSubject, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isFixed = !(error instanceof AtlasmtlError) || FIXED_SUBJECTS.includes(error.code);
    throw isFixed ? error : changedError(error, { subject });
  }
}

/** Describes any error; `command` (such as `atlasmtl train`) stands in where no place is known. */
export function describeFailure(error: unknown, command: string): Failure {
  if (isInterruption(error))
    return {
      exitCode: EXIT_INTERRUPTED,
      what: "interrupted",
      where: command,
      fix: "no half-written file was left; run the command again",
    };
  const known = asKnown(error);
  if (known === null || known.subject === "bug") return describeBug(error, command);
  return {
    exitCode: EXIT_CODES[known.subject],
    what: oneLine(known.message),
    where: oneLine(known.where ?? command),
    fix: oneLine(known.hint ?? `see ${command} --help`),
  };
}

function describeBug(error: unknown, command: string): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return {
    exitCode: EXIT_CODES.bug,
    what: `internal error: ${oneLine(text)}`,
    where: command,
    fix: "this is a bug in atlasmtl: please report it with this command, the output of it with --debug, and atlasmtl --version",
  };
}

function isInterruption(error: unknown): boolean {
  if (error instanceof AtlasmtlError) return error.code === "ABORTED";
  return error instanceof Error && error.name === "AbortError";
}

/** Failures of the machine come from Node as errors of its own. */
function asKnown(error: unknown): AtlasmtlError | null {
  if (error instanceof AtlasmtlError) return error;
  if (!(error instanceof Error)) return null;
  if (error instanceof RangeError && /allocation failed|array length|out of memory/i.test(error.message))
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

/** Text from files may hold anything; a terminal must get one line of printable text. */
function oneLine(text: string): string {
  const line = [...text].map((c) => (isControl(c) ? " " : c)).join("");
  return line.replace(/\s+/g, " ").trim();
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 32 || (code >= 127 && code < 160);
}
