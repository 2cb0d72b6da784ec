import { expect, test } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import { randomUniform } from "../core/rng.ts";
import { createEngine } from "../kernels/engine.ts";
import { harmoniseLabels } from "./harmonise.ts";
import { joinReferences } from "./join.ts";
import { parseLabelMap } from "./label-map.ts";
import { labelMapText } from "./label-map-text.ts";
import type { ReferenceSource } from "./types.ts";

const N_GENES = 60;
const genes = Array.from({ length: N_GENES }, (_, g) => `GENE${g}`);

/** Cells of the types `types`, in turn, each with ten genes of its own, which its number names. */
async function source(
  name: string,
  seed: number,
  nRows: number,
  types: readonly number[],
  columns: Readonly<Record<string, (type: number) => string>>,
): Promise<ReferenceSource> {
  const rows = Array.from({ length: nRows }, (_, row) => types[row % types.length]);
  const data = rows.flatMap((type, row) =>
    genes.map((_, g) =>
      Math.floor((Math.floor(g / 10) === type ? 16 : 2) * randomUniform(seed, row * N_GENES + g)),
    ),
  );
  return {
    name,
    labelColumns: Object.keys(columns),
    adata: await createAnnData({
      X: { nRows, nCols: N_GENES, data: Float32Array.from(data) },
      obs: {
        index: rows.map((_, row) => `${name}${row}`),
        columns: Object.fromEntries(
          Object.entries(columns).map(([column, nameOf]) => [column, rows.map(nameOf)]),
        ),
      },
      var: { index: genes },
    }),
  };
}

const work = { engine: await createEngine({ numThreads: 1 }) };
const options = { preset: "fast" } as const;

test("labels of other names, one that several are parts of, and types of one reference alone are told apart, by level", async () => {
  const sources = [
    await source("a", 1, 240, [0, 1, 2, 3], {
      broad: (type) => ["lymphoid", "lymphoid", "lymphoid", "myeloid"][type],
      fine: (type) => ["B", "T", "T2", "Mono"][type],
    }),
    await source("b", 2, 240, [0, 1, 2, 4], {
      level1: (type) => (type === 4 ? "stroma" : "Lymphocytes"),
      level2: (type) => ["b cell", "T cell", "T cell", "", "Fibroblast"][type],
    }),
  ];
  const { rows, warnings } = await harmoniseLabels(sources, options, work);
  expect(
    rows.map(({ file, column, label, match, to, others }) => [file, column, label, match, to, others]),
  ).toEqual([
    ["a", "broad", "lymphoid", "same", "lymphoid", ["Lymphocytes"]],
    ["a", "broad", "myeloid", "unmatched", "myeloid", expect.anything()],
    ["a", "fine", "B", "same", "B", ["b cell"]],
    ["a", "fine", "Mono", "unmatched", "Mono", expect.anything()],
    ["a", "fine", "T", "finer", "T", ["T cell"]],
    ["a", "fine", "T2", "finer", "T2", ["T cell"]],
    ["b", "level1", "Lymphocytes", "same", "lymphoid", ["lymphoid"]],
    ["b", "level1", "stroma", "unmatched", "stroma", expect.anything()],
    ["b", "level2", "Fibroblast", "unmatched", "Fibroblast", expect.anything()],
    ["b", "level2", "T cell", "coarser", null, ["T", "T2"]],
    ["b", "level2", "b cell", "same", "B", ["B"]],
  ]);
  expect(warnings).toEqual([]);
  // The text is a label map that joins them.
  const labelMap = parseLabelMap(labelMapText(rows));
  expect(labelMap).toEqual(rows.map(({ file, column, label, to }) => ({ file, column, label, to })));
  const { adata } = await joinReferences(sources, { labelMap });
  const fine = await adata.obs.column("fine");
  if (fine.kind !== "categorical") throw new Error("labels are categories");
  expect(fine.categories).toEqual(["B", "Fibroblast", "Mono", "T", "T2"]);
  expect([...fine.codes.slice(240, 244)]).toEqual([0, -1, -1, 1]);
});

test("a third reference is compared with both before it, and the coarser label of an earlier one is taken away", async () => {
  const named = (names: readonly string[]) => ({ type: (type: number) => names[type] });
  const sources = [
    await source("a", 1, 180, [0, 1], named(["B", "T"])),
    await source("b", 2, 180, [0, 2], named(["b", "", "Mono"])),
    await source("c", 3, 240, [0, 1, 2], named(["B", "T", "mono"])),
  ];
  const { rows } = await harmoniseLabels(sources, options, work);
  const become = new Map(rows.map(({ file, label, to, match }) => [`${file} ${label}`, `${match} ${to}`]));
  expect(Object.fromEntries(become)).toEqual({
    "a B": "same B",
    "a T": "same T",
    "b b": "same B",
    "b Mono": "same Mono",
    "c B": "same B",
    "c T": "same T",
    "c mono": "same Mono",
  });
});

test("one name for two types is told of", async () => {
  const sources = [
    await source("a", 1, 180, [0, 1], { type: (type) => ["B", "T"][type] }),
    await source("b", 2, 180, [0, 2], { type: (type) => ["B", "", "T"][type] }),
  ];
  const { warnings } = await harmoniseLabels(sources, options, work);
  expect(warnings.map(({ message }) => String(message)).join("\n")).toContain(
    '"T" is a label of b and of a reference before it',
  );
});

test("one reference, and labels that a table cannot hold, are refused", async () => {
  const only = await source("a", 1, 60, [0, 1], { type: (type) => ["B", "T"][type] });
  await expect(harmoniseLabels([only], options, work)).rejects.toMatchObject({ code: "USAGE" });
  const row = { file: "a", column: "type", label: "T\tcell", to: null, match: "same", others: [] } as const;
  expect(() => labelMapText([{ ...row, share: 0, shareBack: 0, nCells: 1 }])).toThrow(/has a tab/);
});
