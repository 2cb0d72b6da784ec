/** The description of one file or folder that `inspect` prints. @module */
import type { PlainValue } from "../../api/values.ts";

export interface Description {
  /** Such as `bundle`. */
  readonly kind: string;
  /** One line: what this is. */
  readonly title: string;
  /** Headed blocks of aligned text. */
  readonly sections: readonly Section[];
  /** A command to try next, if there is one. */
  readonly next: string | null;
  readonly json: { readonly [key: string]: unknown };
  /** The error that ended reading; the command ends with it once this is printed. */
  readonly problem?: unknown;
}

export interface Section {
  readonly heading: string;
  readonly text: string;
}

/** Items shown of a long list. */
export const MAX_ITEMS = 12;

/** `a, b, c and 4 more`. */
export function listed(items: readonly string[], most = 6): string {
  if (items.length <= most) return items.join(", ");
  return `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
}

/** A setting in one short piece of text. */
export function shortText(value: PlainValue | undefined): string {
  if (value === undefined) return "";
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `${listed(value.map((item) => shortText(item)))}`;
  if (value !== null && typeof value === "object") {
    const parts = Object.entries(value).map(([key, item]) => `${key}: ${shortText(item)}`);
    return parts.length === 0 ? "{}" : listed(parts, 4);
  }
  const text =
    typeof value === "number" && !Number.isInteger(value)
      ? String(Number(value.toPrecision(4)))
      : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
