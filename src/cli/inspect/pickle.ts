/** What is in a pickle of a bundle, read as data. @module */
import { readFile } from "node:fs/promises";
import { Float } from "../../api/values.ts";
import { gunzip, isGzip } from "../../formats/compression/gzip.ts";
import { parsePickle } from "../../formats/pickle/parse.ts";
import { describeValue, NdArray, type PickleValue } from "../../formats/pickle/values.ts";
import { plural, table } from "../terminal/print.ts";
import { type Description, listed, MAX_ITEMS } from "./description.ts";

/** @throws BAD_FORMAT, UNSUPPORTED or LIMIT for a pickle that is not plain data. */
export async function describePickle(path: string): Promise<Description> {
  const bytes = await readFile(path);
  const value = parsePickle(isGzip(bytes) ? gunzip(bytes) : bytes);
  const rows = value instanceof Map ? entriesOf(value) : [["", pickleText(value)]];
  const names = value instanceof Map ? [...value.keys()] : [];
  const role = names.includes("train_genes")
    ? "the metadata of a bundle"
    : names.includes("coords") && names.includes("labels")
      ? "the KNN reference of a bundle"
      : "a Python pickle";
  return {
    kind: "pickle",
    title: `${path}: ${role}`,
    sections: [{ heading: "Content", text: table(rows.slice(0, MAX_ITEMS)) }],
    next: null,
    json: { role, content: Object.fromEntries(rows) },
  };
}

function entriesOf(dict: ReadonlyMap<PickleValue, PickleValue>): string[][] {
  return [...dict].flatMap(([key, value]) => {
    const rows = [[String(key), pickleText(value)]];
    if (value instanceof Map && [...value.values()].every((item) => item instanceof NdArray))
      for (const [name, item] of value) rows.push([`  ${String(name)}`, pickleText(item)]);
    return rows;
  });
}

function pickleText(value: PickleValue): string {
  if (value instanceof Float) return String(value.value);
  if (value instanceof NdArray) return `array ${value.dtype} [${value.shape.join(", ")}]`;
  if (value instanceof Map)
    return value.size === 0
      ? "{}"
      : `${plural(value.size, "entry", "entries")}: ${listed([...value.keys()].map(String))}`;
  if (Array.isArray(value))
    return `${plural(value.length, "item")}: ${listed(value.slice(0, 7).map(pickleText), 5)}`;
  if (value === null || ["string", "number", "boolean", "bigint"].includes(typeof value))
    return String(value);
  return describeValue(value);
}
