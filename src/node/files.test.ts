import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAtlasmtlError } from "../errors.ts";
import { nodeFiles, openPath } from "./files.ts";
import { thisProcess } from "./temporaries.ts";
import { claimPath } from "./turns.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(() => null).catch((e: unknown) => e);
  if (!isAtlasmtlError(error)) throw new Error(`expected an AtlasmtlError, got ${String(error)}`);
  expect(error.where).toBeTruthy();
  return error.code;
};

test("a range beyond the file is clamped", async () => {
  await writeFile(join(folder, "a"), "0123456789");
  const source = await openPath(join(folder, "a"));
  expect(source.byteLength).toBe(10);
  expect(new TextDecoder().decode(await source.read(7, 99))).toBe("789");
  expect(await source.read(20, 30)).toHaveLength(0);
  await source.close();
});

test("a missing file and a folder are NOT_FOUND", async () => {
  expect(await codeOf(openPath(join(folder, "absent")))).toBe("NOT_FOUND");
  expect(await codeOf(openPath(folder))).toBe("NOT_FOUND");
});

test("writeAll creates missing folders, joins pieces and replaces whole files", async () => {
  const path = join(folder, "x/y/a.bin");
  await nodeFiles.writeAll([{ path, bytes: [bytes("old and longer")] }]);
  await nodeFiles.writeAll([{ path, bytes: [bytes("ne"), bytes("w")] }]);
  expect(await readFile(path, "utf8")).toBe("new");
  expect(await readdir(join(folder, "x/y"))).toEqual(["a.bin"]);
});

test("when one of several files cannot be written, none appears and nothing is left behind", async () => {
  await writeFile(join(folder, "file"), "");
  const files = [
    { path: join(folder, "made/first"), bytes: [bytes("1")] },
    { path: join(folder, "file/second"), bytes: [bytes("2")] },
  ];
  expect(await codeOf(nodeFiles.writeAll(files))).toBe("IO");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("replace keeps the old file and removes the temporary one when the work fails", async () => {
  const path = join(folder, "out");
  await writeFile(path, "old");
  const work = nodeFiles.replace(path, async (temporary) => {
    await writeFile(temporary, "half");
    throw new Error("interrupted");
  });
  await expect(work).rejects.toThrow("interrupted");
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["out"]);
  await nodeFiles.replace(path, (temporary) => writeFile(temporary, "new"));
  expect(await readFile(path, "utf8")).toBe("new");
});

test("checkWritable leaves no trace, and refuses a folder, a file in the way and a disk too small", async () => {
  await nodeFiles.checkWritable(join(folder, "p/q/out.h5ad"));
  expect(existsSync(join(folder, "p"))).toBe(false);
  await mkdir(join(folder, "d"));
  expect(await codeOf(nodeFiles.checkWritable(join(folder, "d")))).toBe("USAGE");
  await writeFile(join(folder, "f"), "");
  expect(await codeOf(nodeFiles.checkWritable(join(folder, "f/out")))).toBe("IO");
  expect(await codeOf(nodeFiles.checkWritable(join(folder, "big"), 1e18))).toBe("IO");
});

test("a link and its target are the same file", async () => {
  await writeFile(join(folder, "a"), "");
  await symlink(join(folder, "a"), join(folder, "b"));
  expect(await nodeFiles.isSame(join(folder, "a"), join(folder, "b"))).toBe(true);
  expect(await nodeFiles.isSame(join(folder, "a"), join(folder, "absent"))).toBe(false);
});

test("what is made of the written files is made by one at a time, so that no name is taken twice", async () => {
  const name = async (_: unknown): Promise<{ path: string; bytes: Uint8Array[] }[]> => {
    const taken = (await readdir(folder)).filter((each) => each.startsWith("record")).length;
    await new Promise((done) => setTimeout(done, 2));
    return [{ path: join(folder, `record${taken}`), bytes: [bytes("x")] }];
  };
  await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      nodeFiles.writeAll([{ path: join(folder, `f${i}`), bytes: [] }], name),
    ),
  );
  const names = await readdir(folder);
  expect(names.filter((each) => each.startsWith("record"))).toHaveLength(12);
  expect(names).toHaveLength(24);
});

test("the claim of a writer that died stops nobody, and is removed", async () => {
  const one = { path: join(folder, "f"), bytes: [bytes("1")] };
  await nodeFiles.writeAll([one], () => [{ path: join(folder, "record"), bytes: [] }]);
  const noProcess = { ...thisProcess, pid: 2 ** 31 - 1 };
  const dead = claimPath(noProcess, folder);
  await writeFile(dead, "");
  await nodeFiles.writeAll([one], () => [{ path: join(folder, "record"), bytes: [] }]);
  expect((await readdir(folder)).sort()).toEqual(["f", "record"]);
});
