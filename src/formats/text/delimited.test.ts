import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource } from "../../core/blob-source.ts";
import { openDelimited } from "./delimited.ts";

const open = (text: string) => openDelimited(async () => bytesSource(new TextEncoder().encode(text)));

async function read(text: string): Promise<{ columns: readonly string[]; rows: [string, ...number[]][] }> {
  const table = await open(text);
  const rows: [string, ...number[]][] = [];
  for await (const { name, values } of table.rows()) rows.push([name, ...values]);
  return { columns: table.columns, rows };
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

test("names and numbers come back, with any delimiter, line end, quotes and kind of header", async () => {
  const name = fc.string({ maxLength: 8 }).filter((text) => !/[\n\r\0]/.test(text));
  const value = fc.float({ noNaN: true, noDefaultInfinity: true });
  await fc.assert(
    fc.asyncProperty(
      fc.array(name, { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(name, fc.array(value, { minLength: 5, maxLength: 5 })), { maxLength: 5 }),
      fc.constantFrom(",", "\t", ";"),
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      async (columns, rows, delimiter, end, hasCorner) => {
        fc.pre(rows.length > 0 || hasCorner);
        fc.pre(hasCorner || columns.length > 1);
        const head = [...(hasCorner ? ["cell"] : []), ...columns.map(quoted)].join(delimiter);
        const lines = rows.map(([cell, values]) =>
          [quoted(cell), ...values.slice(0, columns.length)].join(delimiter),
        );
        expect(await read([head, ...lines].join(end) + end)).toEqual({
          columns,
          rows: rows.map(([cell, values]) => [
            cell,
            ...values.slice(0, columns.length).map((x) => Number(String(x))),
          ]),
        });
      },
    ),
    { numRuns: 100 },
  );
});

test("blank lines and blanks around values are no harm", async () => {
  expect(await read("g,a,b\n\nc1, 1 ,2\n\nc2,3,\t4\n")).toEqual({
    columns: ["a", "b"],
    rows: [
      ["c1", 1, 2],
      ["c2", 3, 4],
    ],
  });
});

test.each<[text: string, where: string, message: RegExp]>([
  ["", "line 1", /header/],
  ["one\n1\n", "line 1", /no tab, comma or semicolon/],
  ["g,a,b\nc1,1\n", "line 2", /2 fields where the header has 3/],
  ["g,a,b\nc1,1,2\nc2,1\n", "line 3", /2 fields; the header asks for 3/],
  ["g,a,b\nc1,1,2\nc2,1,2,3\n", "line 3", /4 fields/],
  ["g,a,b\nc1,1,NA\n", "line 2", /value of "b" is "NA"/],
  ["g,a,b\nc1,1,\n", "line 2", /value of "b" is ""/],
  ["g,a,b\nc1,1,inf\n", "line 2", /value of "b" is "inf"/],
])("%j is refused with its line", async (text, where, message) => {
  await expect(read(text)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where,
    message: expect.stringMatching(message),
  });
});
