import { expect, test } from "vitest";
import { AtlasmtlError, type ErrorCode, type ErrorSubject } from "../../api/errors.ts";
import { byteSize, count, duration, indent, percent, plural, table } from "./print.ts";
import { shellWord } from "./shell-word.ts";
import { describeFailure } from "./show-error.ts";

test("columns are aligned, wide characters counted as two, and lines end in no blanks", () => {
  const rows = [
    ["細胞", "1", ""],
    ["a", "1,000", "x"],
  ];
  expect(table(rows, [1])).toBe("細胞      1\na     1,000  x");
  expect(table([])).toBe("");
});

test.each([
  [byteSize(0), "0 B"],
  [byteSize(999), "999 B"],
  [byteSize(1000), "1.0 kB"],
  [byteSize(999_600), "1.0 MB"],
  [byteSize(123_456_789), "123 MB"],
  [duration(0.123), "0.12 s"],
  [duration(59.7), "1 min 00 s"],
  [duration(3725), "1 h 02 min"],
  [percent(0.1234), "12.3 %"],
  [count(1234567), "1,234,567"],
  [plural(1, "entry", "entries"), "1 entry"],
  [plural(0, "cell"), "0 cells"],
  [indent("a\n\nb"), "  a\n\n  b"],
  [shellWord("a b's"), "'a b'\\''s'"],
  [shellWord("x/y-1.h5ad"), "x/y-1.h5ad"],
])("%s", (actual, expected) => expect(actual).toBe(expected));

test.each([
  [new AtlasmtlError("USAGE", "m"), 2],
  [new AtlasmtlError("BAD_DATA", "m"), 3],
  [new AtlasmtlError("NOT_FOUND", "m", { subject: "artifact" }), 4],
  [new AtlasmtlError("CHECKSUM", "m"), 4],
  [new AtlasmtlError("IO", "m"), 5],
  [Object.assign(new Error("no space"), { code: "ENOSPC" }), 5],
  [new RangeError("Array buffer allocation failed"), 5],
  [new AtlasmtlError("ABORTED", "m"), 130],
  [new DOMException("x", "AbortError"), 130],
  [new AtlasmtlError("BUG", "m"), 1],
  [new TypeError("x is not a function"), 1],
  ["a string", 1],
])("%o ends with its exit code", (error, exitCode) => {
  expect(describeFailure(error, "atlasmtl x").exitCode).toBe(exitCode);
});

test("an error is one line each of what, where and fix, its control characters as escapes", () => {
  const error = new AtlasmtlError("BAD_DATA", "got\n\u001b[31mred\u202e", {
    where: "a\tb",
    hint: "do\r\nthis",
  });
  expect(describeFailure(error, "atlasmtl train")).toEqual({
    exitCode: 3,
    code: "BAD_DATA",
    options: [],
    what: "got \\x1b[31mred\\u202e",
    where: "a b",
    fix: "do this",
  });
});

test.each<[ErrorCode, ErrorSubject | undefined, string | undefined, string]>([
  [
    "BAD_DATA",
    undefined,
    "my q.h5ad › X",
    "correct the file, or name what it has; atlasmtl inspect 'my q.h5ad' shows what is in it",
  ],
  [
    "BAD_DATA",
    undefined,
    undefined,
    "correct the file, or name what it has; atlasmtl inspect FILE shows what is in it",
  ],
  [
    "BAD_FORMAT",
    undefined,
    "q.h5ad",
    "copy the file again, or write it again from its source; atlasmtl inspect q.h5ad shows what is in it",
  ],
  [
    "MISMATCH",
    undefined,
    "q.h5ad › obs",
    "give files that belong together; atlasmtl inspect q.h5ad shows what is in it",
  ],
  [
    "UNSUPPORTED",
    undefined,
    "a/b",
    "write the file in a form that is read; atlasmtl inspect a/b shows what is in it",
  ],
  [
    "BAD_FORMAT",
    "artifact",
    "m/m.pth",
    "copy the model again from where it was made, or find the file that changed: atlasmtl verify m/m.pth",
  ],
  ["IO", undefined, "out", "check the disk, the memory and the permissions of this machine"],
  ["USAGE", undefined, undefined, "correct the call; atlasmtl train --help lists what can be given"],
])("an error of code %s without a hint has a way on", (code, subject, where, fix) => {
  const error = new AtlasmtlError(code, "m", { where, subject });
  const failure = describeFailure(error, "atlasmtl train");
  expect([failure.where, failure.fix]).toEqual([where ?? "atlasmtl train", fix]);
});
