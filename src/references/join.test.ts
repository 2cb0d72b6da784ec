import { expect, test } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import { readCompactCsr } from "../anndata/read/whole-matrix.ts";
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { randomUniform } from "../core/rng.ts";
import { AtlasmtlError } from "../errors.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import { train } from "../model/train.ts";
import { joinReferences } from "./join.ts";
import { parseLabelMap } from "./label-map.ts";
import type { ReferenceSource } from "./types.ts";

const N_GENES = 40;
const genes = Array.from({ length: N_GENES }, (_, g) => `GENE${g}`);

/** Counts of cells of three types; each type has ten genes of its own. */
function counts(seed: number, nRows: number): number[][] {
  return Array.from({ length: nRows }, (_, row) =>
    genes.map((_, g) => {
      const mean = Math.floor(g / 10) === row % 3 ? 8 : 1;
      return Math.floor(mean * 2 * randomUniform(seed, row * N_GENES + g));
    }),
  );
}

const dense = (rows: readonly (readonly number[])[]): DenseMatrix => ({
  nRows: rows.length,
  nCols: rows[0].length,
  data: Float32Array.from(rows.flat()),
});

const typesOf = (names: readonly string[], nRows: number): string[] =>
  Array.from({ length: nRows }, (_, row) => names[row % 3]);

const first = counts(1, 90);
const second = counts(2, 60);

/** A dataset, with its genes in the order of `order`. */
const dataset = (
  rows: readonly (readonly number[])[],
  columns: Readonly<Record<string, (string | null)[] | number[]>>,
  order: readonly number[] = genes.map((_, g) => g),
  names: readonly string[] = order.map((g) => genes[g]),
  prefix = "cell",
): Promise<AnnData> =>
  createAnnData({
    X: dense(rows.map((row) => order.map((g) => row[g]))),
    obs: { index: rows.map((_, i) => `${prefix}${i}`), columns },
    var: { index: names },
  });

const source = (name: string, adata: AnnData, ...labelColumns: string[]): ReferenceSource => ({
  name,
  adata,
  labelColumns,
});
const A = await dataset(first, {
  type: typesOf(["B", "NK", "T"], 90),
  donor: typesOf(["d1", "d2", "d3"], 90),
});
const fail = async (work: Promise<unknown>): Promise<AtlasmtlError> => {
  const error = await work.catch((caught: unknown) => caught);
  if (error instanceof AtlasmtlError) return error;
  throw new Error("nothing of its own was thrown");
};
const messages = (list: readonly { readonly message: unknown }[]): string =>
  list.map(({ message }) => String(message)).join("\n");

test("two references with labels of other names, genes in another order and a gene more train as one file does", async () => {
  const reversed = genes.map((_, g) => N_GENES - 1 - g).filter((g) => g !== 7);
  const B = await dataset(
    second,
    { celltype: typesOf(["b cell", "nk cell", "t cell"], 60) },
    reversed,
    undefined,
    "other",
  );
  const labelMap = parseLabelMap("label\tto\nb cell\tB\nnk cell\tNK\nt cell\tT\n");
  const { adata, labelColumns, warnings, notes } = await joinReferences(
    [source("a", A, "type"), source("b", B, "celltype")],
    { labelMap },
  );
  expect(warnings).toEqual([]);
  expect(messages(notes)).toContain("the references share 39 genes (40 of a, 39 of b)");
  expect(messages(notes)).toContain('3 labels of "type" in both references');

  const shared = genes.map((_, g) => g).filter((g) => g !== 7);
  const merged = await createAnnData({
    X: dense([...first, ...second].map((row) => shared.map((g) => row[g]))),
    obs: {
      index: [...A.obs.index, ...B.obs.index],
      columns: { type: [...typesOf(["B", "NK", "T"], 90), ...typesOf(["B", "NK", "T"], 60)] },
    },
    var: { index: shared.map((g) => genes[g]) },
  });
  const work = { engine: createReferenceEngine() };
  const options = { labelColumns, numEpochs: 3, hiddenSizes: [8] };
  const [joined, whole] = [await train(adata, options, work), await train(merged, options, work)];
  expect(joined.model.weights).toEqual(whole.model.weights);
  expect(joined.model.linear).toEqual(whole.model.linear);
  expect(joined.model.trainGenes).toEqual(whole.model.trainGenes);
  const source0 = await adata.obs.column("source_reference");
  expect(source0.kind === "categorical" && [...source0.codes]).toEqual([
    ...new Array(90).fill(0),
    ...new Array(60).fill(1),
  ]);
});

test("any rows of the joined matrix are those of its sources", async () => {
  const B = await dataset(second, { type: typesOf(["B", "NK", "T"], 60) }, undefined, undefined, "other");
  const { adata } = await joinReferences([source("a", A, "type"), source("b", B, "type")]);
  const matrix = await adata.matrix();
  const all = [...first, ...second];
  for (const [start, end] of [
    [0, 150],
    [85, 97],
    [90, 91],
    [149, 150],
  ]) {
    const seen: number[][] = [];
    for await (const { firstRow, csr } of matrix.rows({ start, end, blockRows: 7 }))
      for (let r = 0; r < csr.nRows; r++) {
        expect(firstRow + r).toBe(start + seen.length);
        const row = new Array<number>(N_GENES).fill(0);
        for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) row[csr.indices[e]] = csr.data![e];
        seen.push(row);
      }
    expect(seen).toEqual(all.slice(start, end));
  }
  expect((await readCompactCsr(matrix, { binary: false })).nRows).toBe(150);
});

test("columns that one reference lacks are missing there, and numbers stay numbers", async () => {
  const ages = Array.from({ length: 60 }, (_, row) => row);
  const B = await dataset(
    second,
    { type: typesOf(["B", "NK", "T"], 60), age: ages },
    undefined,
    undefined,
    "other",
  );
  const { adata } = await joinReferences([source("a", A, "type"), source("b", B, "type")]);
  const [age, donor] = [await adata.obs.column("age"), await adata.obs.column("donor")];
  if (age.kind !== "number" || donor.kind !== "string") throw new Error("the kinds differ");
  expect([...age.values.slice(88, 93)]).toEqual([Number.NaN, Number.NaN, 0, 1, 2]);
  expect(donor.values.slice(88, 92)).toEqual(["d2", "d3", null, null]);
});

test("labels of other names are told of, an empty field takes a label away, and lines that nothing has are named", async () => {
  const B = await dataset(
    second,
    { celltype: typesOf(["b cell", "nk cell", "T"], 60) },
    undefined,
    undefined,
    "other",
  );
  const sources = [source("a", A, "type"), source("b", B, "celltype")];
  const bare = await joinReferences(sources);
  expect(messages(bare.warnings)).toContain(
    '1 label of "type" in both references; only in a: B, NK; only in b: b cell, nk cell',
  );
  const labelMap = parseLabelMap(
    "file\tcolumn\tlabel\tto\nb\tcelltype\tb cell\t\nb\tcelltype\tnk cell\tNK\na\ttype\tBB\tB",
  );
  const { adata, warnings } = await joinReferences(sources, { labelMap });
  const type = await adata.obs.column("type");
  if (type.kind !== "categorical") throw new Error("labels are categories");
  expect(type.categories).toEqual(["B", "NK", "T"]);
  expect([...type.codes.slice(90, 93)]).toEqual([-1, 1, 2]);
  expect(messages(warnings)).toContain('a line of the label map names a label that no cell has: "BB"');
});

test("names of cells that both have are told apart, and the same cells are told of", async () => {
  const other = await dataset(second, { type: typesOf(["B", "NK", "T"], 60) });
  const apart = await joinReferences([source("a", A, "type"), source("b", other, "type")]);
  expect(apart.adata.obs.index[90]).toBe("b:cell0");
  expect(messages(apart.notes)).toContain("60 names of cells occur in several references");
  const copy = await dataset(first.slice(0, 60), { type: typesOf(["B", "NK", "T"], 60) });
  const same = await joinReferences([source("a", A, "type"), source("b", copy, "type")]);
  expect(messages(same.warnings)).toContain("20 of 20 pairs that were compared have the same values");
});

test("values of different kinds are refused, unless each reference has counts or the caller insists", async () => {
  const logged = second.map((row) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((value) => Math.log1p((value / total) * 1e4));
  });
  const type = { type: typesOf(["B", "NK", "T"], 60) };
  const normalised = await dataset(logged, type, undefined, undefined, "other");
  const sources = [source("a", A, "type"), source("b", normalised, "type")];
  const error = await fail(joinReferences(sources));
  expect(error.code).toBe("BAD_DATA");
  expect(error.message).toMatch(/X of a looks like counts .*; X of b looks like log1p/);
  const forced = await joinReferences(sources, { forceInput: true });
  expect(messages(forced.warnings)).toContain("different kinds of values");
  const withLayer = await createAnnData({
    X: dense(logged),
    layers: { counts: dense(second) },
    obs: { index: second.map((_, i) => `other${i}`), columns: type },
    var: { index: genes },
  });
  const both = await joinReferences([source("a", A, "type"), source("b", withLayer, "type")]);
  expect(messages(both.notes)).toContain("X of a, layers/counts of b");
  const { indptr, data } = await readCompactCsr(await both.adata.matrix(), { binary: false });
  expect([...data!.slice(indptr[90])]).toEqual(second.flat().filter((value) => value !== 0));
  // A layer that is asked for is the caller's word.
  expect(
    (await fail(joinReferences([source("a", A, "type"), source("b", withLayer, "type")], { layer: "X" })))
      .code,
  ).toBe("BAD_DATA");
});

test("references that cannot be one are refused by name", async () => {
  const B = await dataset(
    second,
    { type: typesOf(["B", "NK", "T"], 60) },
    undefined,
    genes.map((gene) => `x${gene}`),
    "other",
  );
  expect(await fail(joinReferences([source("a", A, "type"), source("b", B, "type")]))).toMatchObject({
    code: "MISMATCH",
    message: expect.stringContaining("the references share no gene (40 of a, 40 of b)"),
  });
  expect((await fail(joinReferences([source("a", A, "type"), source("a", B, "type")]))).message).toContain(
    'two references are called "a"',
  );
  expect(
    (await fail(joinReferences([source("a", A, "type", "donor"), source("b", B, "type")]))).message,
  ).toContain("a has 2 label columns (type, donor), b 1 (type)");
  expect((await fail(joinReferences([source("a", A, "nope"), source("b", B, "type")]))).code).toBe(
    "NOT_FOUND",
  );
  expect((await fail(joinReferences([]))).code).toBe("USAGE");
});

test("symbols and Ensembl ids are brought together by tables of genes", async () => {
  const symbols = ["CD3D", "CD3E", "MS4A1", "CD79A", "NKG7", "GNLY", "LYZ", "CD14", "FCGR3A", "CST3"];
  const ids = [
    "ENSG00000167286",
    "ENSG00000198851",
    "ENSG00000156738",
    "ENSG00000105369",
    "ENSG00000105374",
    "ENSG00000115523",
    "ENSG00000090382",
    "ENSG00000170458",
    "ENSG00000203747",
    "ENSG00000101439",
  ];
  const some = genes.map((_, g) => g).slice(0, 10);
  const type = (n: number) => ({ type: typesOf(["B", "NK", "T"], n) });
  const bySymbol = await dataset(first, type(90), some, symbols);
  const byId = await dataset(second, type(60), some, ids, "other");
  const { adata, notes } = await joinReferences([source("a", bySymbol, "type"), source("b", byId, "type")]);
  expect(adata.var.index).toEqual(symbols);
  expect(messages(notes)).toContain("Ensembl ids");
});
