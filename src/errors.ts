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

/** What an option can be set to, as far as messages speak of it. */
export type OptionValue = string | number | boolean | null | readonly OptionValue[];

/**
 * An option in a message: by its name in the library, `childCorrection.mode` for one inside another, with a value
 * where the message speaks of one. Its text is the library's: `valFraction`, `missingLabels: "ignore"`.
 */
export class OptionMention {
  constructor(
    readonly name: string,
    readonly value?: OptionValue,
    /** How its user writes it, where that is known already: options of a manifest are its keys for every host. */
    readonly wording?: Wording,
  ) {}

  toString(): string {
    return this.wordedBy(({ name, value }) =>
      value === undefined ? name : `${name}: ${JSON.stringify(value)}`,
    );
  }

  /** Without its value. */
  bare(): OptionMention {
    return new OptionMention(this.name, undefined, this.wording);
  }

  wordedBy(wording: Wording): string {
    return (this.wording ?? wording)(this);
  }
}

/** Mentions an option in a {@link phrase}. */
export function option(name: string, value?: OptionValue): OptionMention {
  return new OptionMention(name, value);
}

/** How a host writes an option: `--val-fraction 0.1` on a command line, `val_fraction: 0.1` in a YAML file. */
export type Wording = (option: OptionMention) => string;

/** A text in which options stand apart, so that each host words them and leaves the rest, such as users' names, alone. */
export class Phrase {
  constructor(readonly parts: readonly (string | OptionMention)[]) {}

  wordedBy(wording: Wording): string {
    return this.parts.map((part) => (typeof part === "string" ? part : part.wordedBy(wording))).join("");
  }

  /** In the library's words. */
  toString(): string {
    return this.wordedBy(String);
  }
}

/** The template tag of a {@link Phrase}, such as `${option("valFraction")} is ${value}`. */
export function phrase(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | bigint | boolean | OptionMention | Phrase)[]
): Phrase {
  return new Phrase(
    texts.flatMap((text, i) => {
      const value = values[i];
      if (value === undefined) return [text];
      if (value instanceof Phrase) return [text, ...value.parts];
      return [text, value instanceof OptionMention ? value : String(value)];
    }),
  );
}

/** A text of an error or a notice. */
export type Said = string | OptionMention | Phrase;

const asPhrase = (said: Said): Phrase => (said instanceof Phrase ? said : new Phrase([said]));

/** Where it happened (`file › key`) and how to fix it (`hint`). */
export interface ErrorDetails {
  readonly where?: Said;
  readonly hint?: Said;
  readonly subject?: ErrorSubject;
  readonly cause?: unknown;
}

/** What is worth knowing and no failure. */
export interface Notice {
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
}

interface SaidParts {
  readonly message: Said;
  readonly where?: Said | undefined;
  readonly hint?: Said | undefined;
}

/** What errors and notices were made of, for hosts with words of their own. */
const SAID = new WeakMap<object, SaidParts>();

function saidParts(of: AtlasmtlError | Notice): SaidParts {
  return SAID.get(of) ?? of;
}

/** The options that an error or a notice mentions, each once, in the order of its message, place and hint. */
export function optionsOf(of: AtlasmtlError | Notice): readonly OptionMention[] {
  const { message, where, hint } = saidParts(of);
  const found = new Map<string, OptionMention>();
  for (const said of [message, where, hint])
    for (const part of said === undefined ? [] : asPhrase(said).parts)
      if (part instanceof OptionMention && !found.has(part.name)) found.set(part.name, part);
  return [...found.values()];
}

/** The one error class of the library: what happened (`message`: got and expected), where and how to fix it. */
export class AtlasmtlError extends Error {
  override readonly name = "AtlasmtlError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly subject: ErrorSubject;
  /** The options that the error speaks of, by their names in the library. */
  readonly options: readonly OptionMention[];

  constructor(code: ErrorCode, message: Said, details: ErrorDetails = {}) {
    super(String(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where === undefined ? undefined : String(details.where);
    this.hint = details.hint === undefined ? undefined : String(details.hint);
    this.subject = details.subject ?? defaultSubject(code);
    SAID.set(this, { message, where: details.where, hint: details.hint });
    this.options = optionsOf(this);
  }
}

/** A notice whose options each host words. */
export function notice(message: Said, details: Pick<ErrorDetails, "where" | "hint"> = {}): Notice {
  const { where, hint } = details;
  const made: Notice = {
    message: String(message),
    ...(where === undefined ? {} : { where: String(where) }),
    ...(hint === undefined ? {} : { hint: String(hint) }),
  };
  SAID.set(made, { message, where, hint });
  return made;
}

/** The three texts of an error or a notice with the options as a host writes them. */
export function inWords(of: AtlasmtlError | Notice, wording: Wording): Notice {
  const { message, where, hint } = saidParts(of);
  const text = (said: Said): string => asPhrase(said).wordedBy(wording);
  return {
    message: text(message),
    ...(where === undefined ? {} : { where: text(where) }),
    ...(hint === undefined ? {} : { hint: text(hint) }),
  };
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

/** A copy of an error with some of its parts changed; the stack stays. */
export function changed(
  error: AtlasmtlError,
  changes: Partial<SaidParts> & { readonly subject?: ErrorSubject },
): AtlasmtlError {
  const { message, where, hint } = { ...saidParts(error), ...changes };
  const copy = new AtlasmtlError(error.code, message, {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
    subject: changes.subject ?? error.subject,
    cause: error.cause,
  });
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

/** An error whose options are worded for good, where their user did not write them in the host's way. */
export function settled(error: AtlasmtlError, wording: Wording): AtlasmtlError {
  const settle = (said: Said): Phrase =>
    new Phrase(
      asPhrase(said).parts.map((part) =>
        typeof part === "string" ? part : new OptionMention(part.name, part.value, part.wording ?? wording),
      ),
    );
  const { message, where, hint } = saidParts(error);
  return changed(error, {
    message: settle(message),
    ...(where === undefined ? {} : { where: settle(where) }),
    ...(hint === undefined ? {} : { hint: settle(hint) }),
  });
}

/**
 * Adds a location to a caught error; call it once, where the location is known.
 *
 * `where` becomes a prefix (`file › key`); `subject` replaces the default. Other errors are returned
 * unchanged.
 */
export function locate(error: unknown, where: Said, subject?: ErrorSubject): unknown {
  if (!(error instanceof AtlasmtlError)) return error;
  const inner = saidParts(error).where;
  return changed(error, {
    where: inner === undefined ? where : phrase`${where} › ${inner}`,
    ...(subject === undefined ? {} : { subject }),
  });
}

/** As {@link locate}; an error that has a location there already stays as it is. */
export function locateOnce(error: unknown, where: string): unknown {
  return error instanceof AtlasmtlError && error.where?.startsWith(where) ? error : locate(error, where);
}
