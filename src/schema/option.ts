/**
 * Rows of the tables of options. A row says all of an option once: its values, its default, its flag. Its name is the
 * key of the row in camelCase; files have it in snake_case (`optionKeys`), the command line in kebab-case.
 * @module
 */
import { snakeName } from "./keys.ts";

/** The allowed range of a number; `above` and `below` are exclusive, `min` and `max` inclusive. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/**
 * What an option takes. `threads`: a number or `max`; `texts`: texts, the empty one too; `pairs`: names with names; `weights`: names with numbers;
 * `other`: what no table can check.
 */
export type OptionKind =
  | "number"
  | "integer"
  | "choice"
  | "name"
  | "path"
  | "toggle"
  | "threads"
  | "names"
  | "texts"
  | "numbers"
  | "integers"
  | "pairs"
  | "weights"
  | "other";

/** How the command line gives an option. */
export interface FlagText {
  /** The heading in `--help`. */
  readonly group: string;
  readonly help: string;
  /** In camelCase, where it is not the name of the option; `no…` and `ignore…` turn a toggle off. */
  readonly name?: string;
  /** What the flag takes, where it is not what the option takes. */
  readonly kind?: OptionKind;
  /** What a file may have in place of the word: `--child-correction FILE`, and a mapping. */
  readonly inline?: "mapping" | "list";
  /** What `--help` calls the value. */
  readonly placeholder?: string;
}

/** An option with values of type `V`, a default of type `D` (undefined: it has none) and a flag `F`. */
export interface OptionRow<V = unknown, D = unknown, F extends FlagText | null = FlagText | null> {
  readonly kind: OptionKind;
  /** An option whose default is null can be null. */
  readonly default: D;
  /** Of each number. */
  readonly range: Range;
  /** Empty if it is no choice. */
  readonly choices: readonly string[];
  /** Other words for a choice. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Words that other programs take, and what is there instead. */
  readonly absent: AbsentChoices | null;
  readonly flag: F;
  /** Never set: the type of the values. */
  readonly value?: V;
}

/** Words that `words` matches are no choice, and `instead` says why. */
export interface AbsentChoices {
  readonly words: RegExp;
  readonly instead: string;
}

export type OptionTable = Readonly<Record<string, OptionRow>>;
export type OptionValue<R> = R extends OptionRow<infer V> ? V : never;
/** Options with their values. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: OptionValue<T[K]> };
/** Options that have a default, with it. */
export type OptionDefaults<T extends OptionTable> = {
  readonly [K in keyof T as undefined extends T[K]["default"] ? never : K]: T[K]["default"];
};
/** `true` if two types have the same keys. */
export type HaveSameKeys<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? true : false;

/** Null is a value if it is the default. */
type Value<V, D> = null extends D ? V | null : V;
type Default<V, D> = undefined extends D ? undefined : Value<V, D>;
/** A row of values `V` whose default is a literal of type `D`. */
type Row<V, D, F extends FlagText | null> = OptionRow<Value<V, D>, Default<V, D>, F>;
type Absent = null | undefined;

function row<V, D, F extends FlagText | null>(
  kind: OptionKind,
  fallback: D,
  flag: F | undefined,
  rest: Partial<Pick<OptionRow, "range" | "choices" | "aliases" | "absent">> = {},
): Row<V, D, F> {
  const { range = {}, choices = [], aliases = {}, absent = null } = rest;
  const given = { range, choices, aliases, absent };
  return { kind, default: fallback as unknown as Default<V, D>, flag: (flag ?? null) as F, ...given };
}

export const number = <const D extends number | Absent, const F extends FlagText | null = null>(
  fallback: D,
  range: Range,
  flag?: F,
) => row<number, D, F>("number", fallback, flag, { range });

export const integer = <const D extends number | Absent, const F extends FlagText | null = null>(
  fallback: D,
  range: Range,
  flag?: F,
) => row<number, D, F>("integer", fallback, flag, { range });

export const choice = <
  const C extends string,
  const D extends NoInfer<C> | Absent,
  const F extends FlagText | null = null,
>(
  choices: readonly C[],
  fallback: D,
  flag?: F,
  others: { readonly aliases?: Readonly<Record<string, C>>; readonly absent?: AbsentChoices } = {},
) => row<C, D, F>("choice", fallback, flag, { choices, ...others });

/** Any text but the empty one. */
export const name = <const D extends string | Absent, const F extends FlagText | null = null>(
  fallback: D,
  flag?: F,
) => row<string, D, F>("name", fallback, flag);

export const toggle = <const D extends boolean | null, const F extends FlagText | null = null>(
  fallback: D,
  flag?: F,
) => row<boolean, D, F>("toggle", fallback, flag);

export const threads = <const F extends FlagText | null = null>(flag?: F) =>
  row<number | "max", "max", F>("threads", "max", flag, { range: { min: 1 } });

export const names = <const D extends readonly string[] | Absent, const F extends FlagText | null = null>(
  fallback: D,
  flag?: F,
) => row<readonly string[], D, F>("names", fallback, flag);

/** Texts, the empty one too. */
export const texts = <const D extends readonly string[] | Absent, const F extends FlagText | null = null>(
  fallback: D,
  flag?: F,
) => row<readonly string[], D, F>("texts", fallback, flag);

export const numbers = <const D extends readonly number[] | Absent, const F extends FlagText | null = null>(
  fallback: D,
  range: Range,
  flag?: F,
) => row<readonly number[], D, F>("numbers", fallback, flag, { range });

export const integers = <const D extends readonly number[] | Absent, const F extends FlagText | null = null>(
  fallback: D,
  range: Range,
  flag?: F,
) => row<readonly number[], D, F>("integers", fallback, flag, { range });

export const pairs = <const F extends FlagText | null = null>(
  fallback: ReadonlyMap<string, string>,
  flag?: F,
) => row<ReadonlyMap<string, string>, ReadonlyMap<string, string>, F>("pairs", fallback, flag);

export const weights = <const F extends FlagText | null = null>(
  fallback: ReadonlyMap<string, number>,
  range: Range,
  flag?: F,
) => row<ReadonlyMap<string, number>, ReadonlyMap<string, number>, F>("weights", fallback, flag, { range });

/** Null by default; the option's own code checks it. */
export const other = <const F extends FlagText | null = null>(flag?: F) =>
  row<null, null, F>("other", null, flag);

/** The flag of an option. */
export const flag = <const F extends Omit<FlagText, "group" | "help"> = Readonly<Record<never, never>>>(
  group: string,
  help: string,
  rest?: F,
): FlagText & F => ({ group, help, ...rest }) as FlagText & F;

/** The options of a table that have a default, with it. */
export function defaultsOf<T extends OptionTable>(table: T): OptionDefaults<T> {
  const rows = Object.entries(table).filter(([, { default: fallback }]) => fallback !== undefined);
  return Object.fromEntries(rows.map(([key, { default: fallback }]) => [key, fallback])) as OptionDefaults<T>;
}

/** The keys of options in files, by the names of the options. */
export function optionKeys<T extends OptionTable>(table: T): { readonly [K in keyof T]: string } {
  const keys = Object.keys(table).map((name) => [name, snakeName(name)]);
  return Object.fromEntries(keys) as { readonly [K in keyof T]: string };
}

/** The keys in files of options whose numbers are Python floats, even whole ones. */
export function floatKeysOf(table: OptionTable): readonly string[] {
  const isFloat = ({ kind }: OptionRow): boolean =>
    kind === "number" || kind === "numbers" || kind === "weights";
  return Object.entries(table).flatMap(([key, option]) => (isFloat(option) ? [snakeName(key)] : []));
}
