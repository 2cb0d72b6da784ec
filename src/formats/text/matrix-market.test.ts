import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource } from "../../core/blob-source.ts";
import { matrixMarketEntries, readMatrixMarketHeader } from "./matrix-market.ts";

const source = (text: string) => bytesSource(new TextEncoder().encode(text));
const BANNER = "%%MatrixMarket matrix coordinate";

async function entriesOf(text: string): Promise<number[][]> {
  const found: number[][] = [];
  for await (const { length, cells, genes, values } of matrixMarketEntries(source(text)))
    for (let e = 0; e < length; e++) found.push([genes[e], cells[e], values[e]]);
  return found;
}

test("entries come in the order of the file, however they are spaced", async () => {
  const entry = fc.tuple(fc.nat(999), fc.nat(99), fc.double({ noNaN: true, min: -1e30, max: 1e30 }));
  const space = fc.constantFrom(" ", "\t", "  ");
  const end = fc.constantFrom("\n", "\r\n", " \n", "\n\n", "\n% a note\n");
  await fc.assert(
    fc.asyncProperty(fc.array(entry), space, end, async (entries, blank, newline) => {
      const lines = entries.map(([gene, cell, value]) => [gene + 1, cell + 1, value].join(blank));
      const text = `${BANNER} real general${newline}1000 100 ${entries.length}${newline}${lines.join(newline)}`;
      expect(await entriesOf(text)).toEqual(
        entries.map(([g, c, v]) => [g, c, Math.fround(Number(String(v)))]),
      );
    }),
    { numRuns: 60 },
  );
});

test("the header says sizes and field; a pattern has ones", async () => {
  const text = `${BANNER} pattern general\n% note\n\n3 2 2\n1 2\n3 1\n`;
  expect(await readMatrixMarketHeader(source(text))).toEqual({
    nGenes: 3,
    nCells: 2,
    nEntries: 2,
    field: "pattern",
  });
  expect(await entriesOf(text)).toEqual([
    [0, 1, 1],
    [2, 0, 1],
  ]);
});

test.each<[text: string, code: string, where: string | undefined, message: RegExp]>([
  ["", "BAD_FORMAT", undefined, /empty/],
  ["a,b\n", "BAD_FORMAT", "line 1", /expected "%%MatrixMarket/],
  [`${BANNER} real symmetric\n1 1 0\n`, "UNSUPPORTED", "line 1", /symmetric/],
  [`${BANNER} complex general\n1 1 0\n`, "UNSUPPORTED", "line 1", /complex/],
  ["%%MatrixMarket matrix array real general\n1 1\n", "UNSUPPORTED", "line 1", /array/],
  [`${BANNER} real general\n%\n`, "BAD_FORMAT", "line 3", /missing/],
  [`${BANNER} real general\n1 -1 0\n`, "BAD_FORMAT", "line 2", /numbers of genes/],
])("a bad header %j is refused", async (text, code, where, message) => {
  await expect(readMatrixMarketHeader(source(text))).rejects.toMatchObject({
    code,
    where,
    message: expect.stringMatching(message),
  });
});

test.each<[line: string, message: RegExp]>([
  ["0 1 1", /gene number is "0", expected 1 to 3/],
  ["4 1 1", /gene number is "4"/],
  ["1 3 1", /cell number is "3", expected 1 to 2/],
  ["1.5 1 1", /gene number is "1.5"/],
  ["x 1 1", /gene number is "x"/],
  ["1", /cell number is ""/],
  ["1 1", /value is ""/],
  ["1 1 nan", /value is "nan"/],
  ["1 1 1 1", /"1" follows/],
])("a bad entry %j is named with its line", async (line, message) => {
  const text = `${BANNER} real general\n3 2 3\n1 1 1\n% note\n${line}\n`;
  await expect(entriesOf(text)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where: "line 5",
    message: expect.stringMatching(message),
  });
});

test("entries too many and too few are refused", async () => {
  await expect(entriesOf(`${BANNER} real general\n3 2 1\n1 1 1\n2 1 1\n`)).rejects.toMatchObject({
    where: "line 4",
    message: expect.stringMatching(/more than the 1/),
  });
  await expect(entriesOf(`${BANNER} real general\n3 2 3\n1 1 1\n`)).rejects.toMatchObject({
    message: "the file ends after 1 of 3 entries",
  });
});
