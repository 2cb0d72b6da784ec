import { expect, test } from "vitest";
import {
  baseName,
  folderName,
  isAbsolutePath,
  joinPath,
  leavesFolder,
  normalizePath,
  relativePath,
} from "./paths.ts";

test.each([
  ["/a/b.pth", "/a", "b.pth"],
  ["b.pth", "", "b.pth"],
  ["/b.pth", "/", "b.pth"],
  ["a/b/c", "a/b", "c"],
  ["C:\\data\\b.pth", "C:\\data", "b.pth"],
  ["C:\\b.pth", "C:\\", "b.pth"],
])("%s lies in %s as %s", (path, folder, name) => {
  expect([folderName(path), baseName(path)]).toEqual([folder, name]);
});

test.each([
  ["/a", true],
  ["C:/a", true],
  ["c:\\a", true],
  ["\\\\server\\a", true],
  ["a/b", false],
  ["./a", false],
  ["C:a", false],
])("%s is absolute: %s", (path, expected) => expect(isAbsolutePath(path)).toBe(expected));

test.each([
  ["", "a", "a"],
  ["x", "a/b", "x/a/b"],
  ["x/", "a", "x/a"],
  ["/", "a", "/a"],
  ["x", "/a", "/a"],
  ["x", "C:\\a", "C:\\a"],
])("%s joined with %s is %s", (folder, path, joined) => expect(joinPath(folder, path)).toBe(joined));

test.each([
  ["./a//b/../c/.", "a/c"],
  ["/../a", "/a"],
  ["../../a", "../../a"],
  ["a/..", ""],
  ["C:\\x\\..\\y", "C:/y"],
])("%s normalizes to %s", (path, normal) => expect(normalizePath(path)).toBe(normal));

test.each([
  ["/m", "/m/refs/r.pkl", "refs/r.pkl"],
  ["/m", "/other/r.pkl", "../other/r.pkl"],
  ["m", "./m/r.pkl", "r.pkl"],
  ["", "r.pkl", "r.pkl"],
  ["./out", "refs/r.pkl", "../refs/r.pkl"],
  ["m", "../r.pkl", "../../r.pkl"],
  ["../m", "r.pkl", null],
  ["/m", "r.pkl", null],
  ["m", "/r.pkl", null],
  ["C:\\m", "C:\\m\\r.pkl", "r.pkl"],
  ["C:\\m", "D:\\m\\r.pkl", null],
])("seen from %s, %s is %s", (folder, path, relative) => expect(relativePath(folder, path)).toBe(relative));

test.each([
  ["m", "r.pkl", false],
  ["m", "x/../r.pkl", false],
  ["m", "../r.pkl", true],
  ["m", "x/../../r.pkl", true],
  ["/m", "/m/r.pkl", false],
  ["/m", "/etc/passwd", true],
  ["m", "/etc/passwd", true],
])("from %s, %s leaves the folder: %s", (folder, path, leaves) => {
  expect(leavesFolder(folder, path)).toBe(leaves);
});
