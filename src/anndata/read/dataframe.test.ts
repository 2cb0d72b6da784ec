import { expect, test } from "vitest";
import type { ArrayStore, AttributeValue, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import { namesOf, openDataFrame } from "./dataframe.ts";

/** A store of one table whose group says that it has `order`; its only columns are the index and `x`. */
function storeOf(order: readonly string[]): ArrayStore & { readonly asked: string[] } {
  const asked: string[] = [];
  const attributes: Readonly<Record<string, AttributeValue>> = {
    "encoding-type": "dataframe",
    "encoding-version": "0.2.0",
    _index: "_index",
    "column-order": order,
  };
  const group: StoredGroup = {
    kind: "group",
    path: "obs",
    keys: ["_index", "x"],
    attributeNames: Object.keys(attributes),
    attribute: (name) => attributes[name],
    typedAttribute: () => undefined,
  };
  const index = {
    kind: "array",
    path: "obs/_index",
    element: "string",
    dtype: "str",
    shape: [2],
    attributeNames: [],
    attribute: () => undefined,
    readStrings: async (start = 0, end = 2) => ["a", "b"].slice(start, end),
  } as unknown as StoredArray;
  return {
    name: "test",
    asked,
    async open(path) {
      asked.push(path);
      return path === "obs" ? group : path === "obs/_index" ? index : null;
    },
    close: async () => undefined,
  };
}

test("a column that is named and not there is an error of its own, for which nothing is opened", async () => {
  const store = storeOf(["y", "../x", "y/z"]);
  const frame = await openDataFrame(store, "obs");
  expect([frame.index, frame.columns]).toEqual([
    ["a", "b"],
    ["y", "../x", "y/z"],
  ]);
  store.asked.length = 0;
  for (const name of frame.columns)
    await expect(frame.column(name)).rejects.toMatchObject({
      code: "BAD_FORMAT",
      where: `test › obs › ${name}`,
    });
  expect(store.asked).toEqual([]);
});

test("a table of more columns than any has is refused", async () => {
  const order = Array.from({ length: 100_001 }, (_, i) => `c${i}`);
  await expect(openDataFrame(storeOf(order), "obs")).rejects.toMatchObject({
    code: "LIMIT",
    message: "100001 columns are named; at most 100000 are read",
  });
});

test("names that are left unread are read some at a time, and never all", async () => {
  const [lazy, eager] = [
    await openDataFrame(storeOf([]), "obs", { lazyIndex: true }),
    await openDataFrame(storeOf([]), "obs"),
  ];
  expect(() => lazy.index).toThrow("the index was left unread");
  for (const frame of [lazy, eager]) {
    expect(frame.length).toBe(2);
    expect(await namesOf(frame, 1, 2)).toEqual(["b"]);
    expect(await namesOf(frame)).toEqual(["a", "b"]);
  }
});
