/** Parquet tables go both ways between this package and pandas. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCellTable } from "../../src/output/read-predictions.ts";
import { toParquet } from "../../src/output/to-parquet.ts";
import { describeCurrent, runPython } from "../helpers/python.ts";
import { toyPredictions } from "../helpers/toy-predictions.ts";

const script = fileURLToPath(new URL("parquet_files.py", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-parquet-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeCurrent("Parquet and pandas", (python) => {
  const run = (...args: string[]) => JSON.parse(runPython(python, script, ...args));

  test("every compression, page format and encoding of pyarrow is read", async () => {
    const { index, ...expected } = run("write", folder) as Record<string, unknown[]>;
    const files = readdirSync(folder);
    expect(files).toHaveLength(22);
    for (const name of files) {
      const table = await openCellTable(join(folder, name));
      expect(table.obsNames, name).toEqual(index);
      expect([...table.columns].sort(), name).toEqual(Object.keys(expected).sort());
      for (const [column, values] of Object.entries(expected)) {
        const found = await table.column(column);
        if (found.kind === "categorical") expect.fail(`${name} › ${column} is categorical`);
        const seen = Array.from<string | number | null, unknown>(found.values, (value, i) => {
          if (value === null || (typeof value === "number" && Number.isNaN(value))) return null;
          if (found.kind !== "string" && found.missing?.[i]) return null;
          return found.kind === "boolean" ? value === 1 : value;
        });
        expect(seen, `${name} › ${column}`).toEqual(values);
      }
    }
  });

  test("pandas reads what we write", async () => {
    const path = join(folder, "ours.parquet");
    writeFileSync(path, await toParquet(toyPredictions(), { mode: "full" }));
    const { values, keys } = run("show", path);
    expect(values.index).toEqual(toyPredictions().obsNames);
    expect(values.pred_group).toEqual(["Unknown", "B, naive", "B, naive"]);
    expect(values.knn_vote_frac_group).toEqual([Math.fround(8 / 15), null, null]);
    expect(values.is_unknown_group).toEqual([true, false, false]);
    expect(keys).toContain("atlasmtl");
  });
});
