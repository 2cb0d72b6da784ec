/** Flags of the library's options, from the tables of options. @module */
import {
  type FlagText,
  isNegated,
  type OptionRow,
  type OptionTable,
  type OptionValue,
} from "../../api/option-tables.ts";
import {
  choice,
  type Flag,
  integer,
  integers,
  name,
  names,
  number,
  numbers,
  pairs,
  path,
  texts,
  threads,
  toggle,
  weights,
} from "./flag.ts";
import { inlineText } from "./inline.ts";

type HasFlag<R extends OptionRow> = R["flag"] extends FlagText ? true : false;
type NameOf<K, F> = F extends { readonly name: infer N extends string } ? N : K;
/** What the flag of an option takes: the option's values, or a word that stands for one, such as a file. */
type Taken<R extends OptionRow> = R["flag"] extends { readonly kind: "path" | "name" }
  ? string
  : NonNullable<OptionValue<R>>;

/** By the names of the flags. */
export type OptionFlags<T extends OptionTable> = {
  readonly [K in keyof T as HasFlag<T[K]> extends true ? NameOf<K, T[K]["flag"]> : never]: Flag<Taken<T[K]>>;
};

/** The flags of the options of a table that have one. */
export function optionFlags<T extends OptionTable>(table: T): OptionFlags<T> {
  const rows = Object.entries(table).flatMap(([name, row]) =>
    row.flag === null ? [] : [[row.flag.name ?? name, flagOf(row, row.flag)] as const],
  );
  return Object.fromEntries(rows) as unknown as OptionFlags<T>;
}

const PLAIN = { number, integer, numbers, integers, toggle, threads, path };
const WITH_PLACEHOLDER = { name, names, pairs, texts, weights };

function flagOf(row: OptionRow, text: FlagText): Flag<unknown> {
  const flag = plainFlag(row, text);
  return text.inline === undefined ? flag : { ...flag, fromFile: inlineText };
}

function plainFlag(
  row: OptionRow,
  { group, help, kind = row.kind, placeholder = "NAME" }: FlagText,
): Flag<unknown> {
  if (kind === "choice") return choice(row.choices, group, help, row);
  if (kind === "name" || kind === "names" || kind === "pairs" || kind === "texts" || kind === "weights")
    return WITH_PLACEHOLDER[kind](placeholder, group, help);
  if (kind === "other") throw new Error(`no flag takes ${kind}`);
  return PLAIN[kind](group, help);
}

/** By the names of the options. */
export type GivenOptions<T extends OptionTable> = {
  readonly [K in keyof T as HasFlag<T[K]> extends true ? K : never]?: Taken<T[K]>;
};

/** What the given flags say about the options of a table. */
export function givenOptions<T extends OptionTable>(
  table: T,
  given: { readonly [flag: string]: unknown },
): GivenOptions<T> {
  const options = Object.entries(table).flatMap(([name, { flag }]) => {
    const key = flag?.name ?? name;
    const value = flag === null ? undefined : given[key];
    return value === undefined ? [] : [[name, isNegated(key) ? !value : value]];
  });
  return Object.fromEntries(options) as GivenOptions<T>;
}

/** Options whose flag has a name of its own, with it. */
export function renamedFlags(table: OptionTable): { readonly [option: string]: string } {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { flag }]) =>
      flag?.name === undefined ? [] : [[name, flag.name]],
    ),
  );
}
