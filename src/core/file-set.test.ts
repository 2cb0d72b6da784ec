import { expect, test } from "vitest";
import { createFileSet, type FileSetInput } from "./file-set.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A `File` as a folder picker gives it. */
function picked(path: string, content: string): File {
  const file = new File([content], path.slice(path.lastIndexOf("/") + 1));
  Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}

async function read(input: FileSetInput, path: string): Promise<string> {
  const source = await createFileSet(input).open(path);
  return text(await source.read(0, source.byteLength));
}

test("a File is found by its name, or by its path in the folder that was picked", async () => {
  const files = [new File(["loose"], "model.pth"), picked("bundle/refs/model.pth", "nested")];
  expect(await read(files, "model.pth")).toBe("loose");
  expect(await read(files, "bundle/refs/model.pth")).toBe("nested");
  expect(createFileSet(files).paths).toEqual(["model.pth", "bundle/refs/model.pth"]);
});

test("a map gives blobs and bytes their names, and any way to write a path finds them", async () => {
  const files = new Map<string, Blob | Uint8Array>([
    ["a\\b.pkl", new Blob(["blob"])],
    ["./c/../d.pkl", new TextEncoder().encode("bytes")],
    ["__proto__", new TextEncoder().encode("plain name")],
  ]);
  expect(await read(files, "a/./b.pkl")).toBe("blob");
  expect(await read(files, "x/../d.pkl")).toBe("bytes");
  expect(await read(files, "__proto__")).toBe("plain name");
  expect(await createFileSet(files).exists("constructor")).toBe(false);
});

test("ranges are read without reading the rest", async () => {
  const source = await createFileSet([new File(["0123456789"], "x")]).open("x");
  expect([source.name, source.byteLength]).toEqual(["x", 10]);
  expect(text(await source.read(-2, 3))).toBe("012");
  expect(text(await source.read(7, 99))).toBe("789");
});

test("a path that leads out of the set finds nothing", async () => {
  const set = createFileSet(new Map([["etc/passwd", new Uint8Array(1)]]));
  for (const path of ["../etc/passwd", "/etc/passwd", "etc/../../etc/passwd", "C:/etc/passwd"])
    expect(await set.exists(path), path).toBe(false);
  await expect(set.open("../x")).rejects.toMatchObject({ code: "NOT_FOUND", where: "../x" });
});

test("two files of one path are refused", () => {
  const twice = [new File(["1"], "model.pth"), new File(["2"], "model.pth")];
  expect(() => createFileSet(twice)).toThrow(
    expect.objectContaining({ code: "USAGE", where: "model.pth" }) as Error,
  );
});

test.each([
  ["an array of bytes", [new Uint8Array(2)]],
  ["an array of blobs without names", [new Blob(["x"])]],
  ["a map to texts", new Map([["model.pth", "text"]])],
  ["a plain object", { "model.pth": new Uint8Array(1) }],
  ["null", null],
])("%s is refused as no files", (_, input) => {
  expect(() => createFileSet(input as unknown as FileSetInput)).toThrow(
    expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("input.files") }) as Error,
  );
});

test("the set cannot be written to", async () => {
  const writing = createFileSet([]).writeAll([{ path: "x", bytes: [] }]);
  await expect(writing).rejects.toMatchObject({ code: "USAGE", where: "x" });
});

test("a file that went away is an IO error that names it", async () => {
  const gone = new File(["x"], "query.h5ad");
  Object.defineProperty(gone, "slice", {
    value: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }),
  });
  const source = await createFileSet([gone]).open("query.h5ad");
  await expect(source.read(0, 1)).rejects.toMatchObject({ code: "IO", where: "query.h5ad" });
});
