import { describe, expect, test } from "vitest";
import { table } from "./print.ts";
import { printable, printableJson, printableLines } from "./printable.ts";

const ESC = "\u001b";

describe("text of files steers no terminal", () => {
  test("control characters, C1 and those that reorder text are escapes; other text stays", () => {
    expect(printable(`${ESC}[2Ja\u0007b\u009bc\u202ed\ne\tf\r`)).toBe(
      "\\x1b[2Ja\\x07b\\x9bc\\u202ed\\ne\\tf\\r",
    );
    expect(printable("CD4⁺ T-Zellen, naïve 細胞 🧬")).toBe("CD4⁺ T-Zellen, naïve 細胞 🧬");
  });

  test("lines stay lines, but none within a cell of a table", () => {
    expect(printableLines(`a\n${ESC}b`)).toBe("a\n\\x1bb");
    expect(
      table([
        ["a\nb", "c"],
        ["d", "e"],
      ]),
    ).toBe("a\\nb  c\nd     e");
  });

  test("JSON reads back the same", () => {
    const value = { a: `\u009b${ESC}\u202e\n` };
    const text = printableJson(value);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
