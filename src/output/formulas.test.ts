import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toyPredictions } from "../../test/helpers/toy-predictions.ts";
import { PredictionResult } from "../api/prediction-result.ts";
import { guardFormula, withoutGuard } from "./formulas.ts";
import { openCellTable, readPredictions } from "./read-predictions.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-formulas-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What starts a formula, and what is alike. */
const HOSTILE = ['=HYPERLINK("http://x","T")', "+1", "-T", "@SUM(A1)", "\tT", "\rT", "'=T", "''=T"];

function hostileResult(): PredictionResult {
  const toy = toyPredictions();
  const [label, ...others] = toy.labels;
  const n = HOSTILE.length;
  const codes = Int32Array.from({ length: n }, (_, i) => i);
  const obsNames = HOSTILE.map((text) => `${text} cell`);
  const labels = [{ ...label, final: { codes, categories: HOSTILE } }];
  expect(others.length).toBeGreaterThan(0);
  return new PredictionResult({ ...toy, obsNames, labels });
}

test("a guarded text comes back as it was", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom(...HOSTILE), fc.stringMatching(/^'*[=+\-@\t\r].?/));
  fc.assert(
    fc.property(text, (given) => {
      expect(withoutGuard(guardFormula(given))).toBe(given);
    }),
  );
  expect(HOSTILE.map(guardFormula).filter((each) => !each.startsWith("'"))).toEqual([]);
  for (const plain of ["T cell", "", "a=b", "'quoted'", "3'"]) expect(guardFormula(plain)).toBe(plain);
});

test.each(["guarded.csv", "guarded.csv.gz"])(
  "what is guarded in %s is read without the guard",
  async (name) => {
    const path = join(folder, name);
    const options = { mode: "minimal", guardFormulas: true } as const;
    expect(await hostileResult().toTable(path, options)).toEqual([]);
    const table = await openCellTable(path);
    expect(table.obsNames).toEqual(HOSTILE.map((text) => `${text} cell`));
    const [{ final }] = await readPredictions(table, ["group"]);
    expect(Array.from(final.codes, (code) => final.categories[code])).toEqual(HOSTILE);
    if (!name.endsWith(".gz")) {
      const lines = readFileSync(path, "utf8").split("\n");
      // No field begins like a formula.
      expect(lines.filter((line) => /(^|,)"?[=+\-@\t\r]/.test(line))).toEqual([]);
    }
  },
);

test("unguarded texts stay as they are, and one notice names them", async () => {
  const path = join(folder, "plain.csv");
  const notices = await hostileResult().toCsv(path, "minimal");
  expect(notices).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/takes these texts for formulas: "=HYPERLINK.*"\+1".* and \d+ more$/),
      where: path,
      hint: expect.stringContaining("guardFormulas"),
    }),
  ]);
  expect(readFileSync(path, "utf8")).toContain("\n+1 cell,+1\n");
  expect(await new PredictionResult(toyPredictions()).toCsv(join(folder, "none.csv"))).toEqual([]);
  expect(await hostileResult().toTable(join(folder, "p.parquet"), "minimal")).toEqual([]);
});
