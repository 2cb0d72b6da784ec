/** Prints text to the terminal: aligned, and in colour only on a terminal. @module */

import { styleText } from "node:util";
import { inWords, type Notice } from "../../api/errors.ts";
import { snakeName } from "../../api/names.ts";
import { printable, printableJson, printableLines } from "./printable.ts";
import type { CommandWords, Failure } from "./show-error.ts";

/** Options that every command takes. */
export interface CommonOptions {
  readonly quiet: boolean;
  readonly json: boolean;
  /** null: progress when stderr is a terminal. */
  readonly progress: boolean | null;
  readonly debug: boolean;
}

export interface Output {
  /** The result that was asked for, to stdout; not with `--json` or `--quiet`. */
  result(text: string): void;
  /** The machine-readable summary, printed to stdout when the command ends; only with `--json`. */
  json(summary: object): void;
  /** Information on the run, to stderr; not with `--quiet`. */
  note(text: string): void;
  /** A warning, to stderr, with options as the command names them. */
  warn(warning: Notice): void;
  /** A notice with options as the command names them. */
  inWords(notice: Notice): Notice;
  /** Emphasis for stdout. */
  heading(text: string): string;
}

/** Colours of one stream, none unless it is a terminal and NO_COLOR is not set. */
function painter(stream: NodeJS.WriteStream): (format: "bold" | "red" | "yellow", text: string) => string {
  const colour = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
}

/** The output of one run of the program; `keep` takes the summary. */
export function createOutput(
  options: CommonOptions,
  words: CommandWords,
  keep: (summary: object) => void,
): Output {
  const onError = painter(process.stderr);
  const onOutput = painter(process.stdout);
  const headings = new Set<string>();
  return {
    result(text) {
      if (options.json || options.quiet) return;
      let shown = printableLines(text);
      // `printableLines` also escaped the colours of our headings; restore them.
      for (const heading of headings) shown = shown.replaceAll(printable(heading), heading);
      process.stdout.write(`${shown}\n`);
    },
    json: keep,
    note(text) {
      if (!options.quiet) process.stderr.write(`${printableLines(text)}\n`);
    },
    warn(warning) {
      const { message, where, hint } = inWords(warning, words.setting);
      const lines = [`${onError("yellow", "warning:")} ${printable(message)}`];
      if (where !== undefined) lines.push(`  where: ${printable(where)}`);
      if (hint !== undefined) lines.push(`  fix: ${printable(hint)}`);
      process.stderr.write(`${lines.join("\n")}\n`);
    },
    inWords: (notice) => inWords(notice, words.setting),
    heading(text) {
      const heading = onOutput("bold", printable(text));
      headings.add(heading);
      return heading;
    },
  };
}

/** Writes a summary to stdout. */
export function printJson(summary: object): void {
  process.stdout.write(`${printableJson(summary)}\n`);
}

/** A failure as `--json` prints it, beside the summary of the command. */
export function failureJson({ code, what, where, fix, options }: Failure): object {
  return { error: { code, message: what, where, hint: fix, options } };
}

/** Writes the three lines of an error to stderr. */
export function printFailure(failure: Failure): void {
  const paint = painter(process.stderr);
  process.stderr.write(
    `${paint("red", "error:")} ${failure.what}\n` + `where: ${failure.where}\n` + `fix:   ${failure.fix}\n`,
  );
}

/** Rows in columns two blanks apart; columns named in `right` are right-aligned. Trailing blanks are cut. */
export function table(texts: readonly (readonly string[])[], right: readonly number[] = []): string {
  const rows = texts.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
    });
  const pad = (cell: string, i: number): string => {
    const blanks = " ".repeat(widths[i] - displayWidth(cell));
    return right.includes(i) ? blanks + cell : cell + blanks;
  };
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** Columns a text takes in a terminal; wide East Asian characters and emoji take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u.test(
      character,
    )
      ? 2
      : /\p{Emoji_Presentation}/u.test(character)
        ? 2
        : 1;
  }
  return width;
}

/** Each line of `text` set in by two blanks. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** `1,234`. */
export function count(n: number): string {
  // `toLocaleString` would take 10 ms to load its tables.
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 cell`, `1,234 cells`. */
export function plural(n: number, noun: string, nouns = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : nouns}`;
}

/** A size in decimal units: `12.3 MB`. */
export function byteSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  for (let value = bytes; value >= 999.5 && power < units.length - 1; value /= 1000) power++;
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `0.42 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number): string => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `93.1 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A copy with the keys of all objects in snake_case, for `--json`. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [snakeName(key), snakeKeys(item)]));
}
