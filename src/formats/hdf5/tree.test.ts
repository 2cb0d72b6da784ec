import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ArrayStore } from "../array-store.ts";
import type { PlainWriter } from "../element-writer.ts";
import { loadHdf5 } from "./library.ts";
import { openHdf5 } from "./open.ts";
import { openWriter } from "./write.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-test-"));
  await loadHdf5();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MANY = Array.from({ length: 70_000 }, (_, i) => (i % 3 === 0 ? "" : `text ${i} é`));

/** Every kind of element, below `at`. */
function build(file: PlainWriter, at: string): void {
  file.createGroup(at);
  file.setAttribute(at, "encoding-type", "dict");
  file.writeStrings(`${at}/text`, ["größer"], []);
  file.setAttribute(`${at}/text`, "encoding-type", "string");
  file.setAttribute(`${at}/text`, "empty", "");
  file.setAttribute(`${at}/text`, "list", ["a", "", "ccc"]);
  file.setAttribute(`${at}/text`, "none", []);
  file.setAttribute(`${at}/text`, "is so", true);
  file.setAttribute(`${at}/text`, "shape", BigInt64Array.of(2n, -3n));
  file.writeStrings(`${at}/empty`, [""], []);
  file.writeStrings(`${at}/many`, MANY, [MANY.length]);
  file.writeStrings(`${at}/square`, ["a", "b", "c", "d"], [2, 2]);
  file.writeBooleans(`${at}/truth`, Uint8Array.of(1), []);
  file.writeBooleans(`${at}/truths`, Uint8Array.of(1, 0, 1), [3]);
  file.writeNumbers(`${at}/nothing`, new Float64Array(0), [0]);
  file.createGroup(`${at}/in π`);
  const numbers = [
    ...[Int8Array.of(-1, 2), Uint8Array.of(255), Int16Array.of(-300), Uint16Array.of(65_535)],
    ...[Int32Array.of(-70_000), Uint32Array.of(2 ** 32 - 1), BigInt64Array.of(-(2n ** 60n))],
    ...[BigUint64Array.of(2n ** 63n), Float32Array.of(0.1, Number.NaN), Float64Array.of(1e300, -0)],
  ];
  for (const values of numbers)
    file.writeNumbers(`${at}/in π/${values.constructor.name}`, values, [values.length]);
  file.createGroup(`${at}/in π/deeper`);
  for (let i = 0; i < 300; i++) file.writeNumbers(`${at}/in π/deeper/${i}`, Float64Array.of(i), []);
}

/** All that is stored below `at`, with types and attributes. */
async function read(store: ArrayStore, at: string): Promise<unknown> {
  const element = await store.open(at);
  if (element === null) return null;
  const attributes = element.attributeNames.map((name) => [name, element.typedAttribute(name)]);
  if (element.kind === "group") {
    const members: unknown[] = [];
    for (const key of element.keys) members.push([key, await read(store, `${at}/${key}`)]);
    return { attributes, members };
  }
  const { element: kind, dtype, shape } = element;
  const values = kind === "string" ? await element.readStrings() : await element.readNumbers();
  return { attributes, kind, dtype, shape, values };
}

test("a tree reads as what the library writes call by call, in a new file and in one that is there", async () => {
  const path = join(folder, "tree.h5");
  for (const [mode, names] of [
    ["create", ["a", "b", "c"]],
    ["update", ["d", "e", "f"]],
  ] as const) {
    const file = openWriter(path, mode);
    if (mode === "create") file.createGroup("/uns");
    file.writeTree(`/uns/${names[0]}`, (tree) => build(tree, `/uns/${names[0]}`));
    file.createGroup(`/uns/${names[1]}x`);
    build(file, `/uns/${names[1]}`);
    file.writeTree(`/uns/${names[2]}`, (tree) => build(tree, `/uns/${names[2]}`));
    file.finish();
  }
  const stored = await openHdf5(path);
  const expected = await read(stored, "uns/b");
  for (const name of ["a", "c", "d", "e", "f"]) expect(await read(stored, `uns/${name}`)).toEqual(expected);
  await stored.close();
});

test("the same tree gives the same bytes, and the library changes it as its own", async () => {
  const [path, again] = ["one.h5", "two.h5"].map((name) => join(folder, name));
  for (const to of [path, again]) {
    const file = openWriter(to, "create");
    file.createGroup("/uns");
    file.writeTree("/uns/a", (tree) => build(tree, "/uns/a"));
    file.finish();
  }
  expect((await readFile(path)).equals(await readFile(again))).toBe(true);
  const file = openWriter(path, "update");
  for (let i = 0; i < 40; i++) file.writeNumbers(`/uns/a/added ${i}`, Int32Array.of(i), []);
  file.setAttribute("/uns/a", "encoding-type", "another");
  file.setAttribute("/uns/a/text", "more", ["x", "y"]);
  file.finish();
  const changed = await openHdf5(path);
  expect((await changed.open("uns/a"))?.attribute("encoding-type")).toBe("another");
  expect((await changed.open("uns/a/text"))?.attribute("more")).toEqual(["x", "y"]);
  expect(await read(changed, "uns/a/added 39")).toMatchObject({ values: Int32Array.of(39) });
  expect(await read(changed, "uns/a/many")).toMatchObject({ values: MANY });
  await changed.close();
});

test("a group whose links cannot be edited takes a tree all the same", async () => {
  const path = join(folder, "newer.h5");
  const file = openWriter(path, "create");
  file.createGroup("/uns");
  file.writeTree("/uns/a", (tree) => tree.createGroup("/uns/a"));
  file.finish();
  // The tree itself has its links in its header.
  const again = openWriter(path, "update");
  again.writeTree("/uns/a/b", (tree) => build(tree, "/uns/a/b"));
  build(again, "/uns/b");
  again.finish();
  const stored = await openHdf5(path);
  expect(await read(stored, "uns/a/b")).toEqual(await read(stored, "uns/b"));
  await stored.close();
});
