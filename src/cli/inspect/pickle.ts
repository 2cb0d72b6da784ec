/** Describes a pickle of a bundle. @module */
import { inspectPickleFile, type PickleItem } from "../../api/inspect-pickle.ts";
import { plural, table } from "../terminal/print.ts";
import { type Description, listed, MAX_ITEMS } from "./description.ts";

const ROLES = { metadata: "the metadata of a bundle", reference: "the KNN reference of a bundle" } as const;

/** @throws NOT_FOUND for a path that is no file; BAD_FORMAT, UNSUPPORTED or LIMIT for a pickle that is not plain data. */
export async function describePickle(path: string): Promise<Description> {
  const { part, items } = await inspectPickleFile(path);
  const role = part === null ? "a Python pickle" : ROLES[part];
  const rows = items.flatMap(([key, item]) => [
    [key, itemText(item)],
    ...(item.kind === "dict" ? item.arrays.map(([name, array]) => [`  ${name}`, itemText(array)]) : []),
  ]);
  return {
    kind: "pickle",
    title: `${path}: ${role}`,
    sections: [{ heading: "Content", text: table(rows.slice(0, MAX_ITEMS)) }],
    next: null,
    json: { role, content: Object.fromEntries(rows) },
  };
}

function itemText(item: PickleItem): string {
  switch (item.kind) {
    case "array":
      return `array ${item.dtype} [${item.shape.join(", ")}]`;
    case "dict":
      return item.keys.length === 0
        ? "{}"
        : `${plural(item.keys.length, "entry", "entries")}: ${listed(item.keys)}`;
    case "list":
      return `${plural(item.length, "item")}: ${listed(item.first.map(itemText), 5)}`;
    default:
      return item.text;
  }
}
