import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { File, type Group, ready } from "h5wasm/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyAtlas, writeH5ad } from "../../../test/e2e/make-h5ad.ts";
import { openAnnData } from "../open.ts";
import type { AnnData } from "../types.ts";
import { viewRows } from "../views/row-view.ts";
import { writeDataset } from "./write-annotated.ts";

const N = 6;
const ATLAS = { ...tinyAtlas(N, 2), varNames: Array.from({ length: 12 }, (_, i) => `G${i}`) };
const M = ATLAS.varNames.length;
let folder = "";

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function encode(target: Pick<Group, "create_attribute">, type: string, version: string): void {
  target.create_attribute("encoding-type", type);
  target.create_attribute("encoding-version", version);
}

/** A dense matrix of `n` rows that holds its positions. */
function dense(group: Group, name: string, n: number, width: number): void {
  const data = Float64Array.from(count(n * width));
  encode(group.create_dataset({ name, data, shape: [n, width] }), "array", "0.2.0");
}

/** Row i holds 10 i + j in column j, where i + j is even. */
function sparse(parent: Group, name: string, n: number, width: number): void {
  const entries = count(n).map((i) => count(width).filter((j) => (i + j) % 2 === 0));
  const group = parent.create_group(name);
  encode(group, "csr_matrix", "0.1.0");
  group.create_attribute("shape", BigInt64Array.of(BigInt(n), BigInt(width)));
  const indices = Int32Array.from(entries.flat());
  const data = Float32Array.from(entries.flatMap((columns, i) => columns.map((j) => 10 * i + j)));
  const indptr = Int32Array.from([0, ...entries.map((_, i) => entries.slice(0, i + 1).flat().length)]);
  for (const [part, values] of Object.entries({ data, indices, indptr }))
    encode(group.create_dataset({ name: part, data: values, shape: [values.length] }), "array", "0.2.0");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-reshaped-"));
  await writeH5ad(join(folder, "in.h5ad"), ATLAS);
  await ready;
  const file = new File(join(folder, "in.h5ad"), "a");
  for (const [letter, n] of [
    ["obs", N],
    ["var", M],
  ] as const) {
    const [rows, both] = [file.get(`${letter}m`) as Group, file.get(`${letter}p`) as Group];
    dense(rows, "dense", n, 3);
    sparse(rows, "sparse", n, 4);
    const names = count(n).map((i) => `row ${i}`);
    encode(rows.create_dataset({ name: "words", data: names, shape: [n] }), "string-array", "0.2.0");
    encode(rows.create_group("odd"), "dict", "0.1.0");
    dense(both, "dense", n, n);
    sparse(both, "sparse", n, n);
    const nan = both.create_dataset({ name: "short", data: new Float64Array(4), shape: [2, 2] });
    encode(nan, "array", "0.2.0");
  }
  const raw = file.create_group("raw");
  encode(raw, "raw", "0.1.0");
  sparse(raw, "X", N, 2);
  const rawVar = raw.create_group("var");
  encode(rawVar, "dataframe", "0.2.0");
  rawVar.create_attribute("_index", "_index");
  rawVar.create_attribute("column-order", ["id"]);
  for (const [name, data] of Object.entries({ _index: ["R0", "R1"], id: ["x", "y"] }))
    encode(rawVar.create_dataset({ name, data, shape: [2] }), "string-array", "0.2.0");
  file.close();
});
afterAll(() => rm(folder, { recursive: true }));

interface Element {
  readonly shape: readonly number[] | null;
  readonly values: readonly unknown[];
}

async function read(adata: AnnData, path: string): Promise<Element | null> {
  const store = adata.stored!.store!;
  const element = await store.open(path);
  if (element?.kind !== "array") return null;
  const values = element.element === "string" ? await element.readStrings() : await element.readNumbers();
  return { shape: element.shape, values: Array.from(values as ArrayLike<unknown>) };
}

/** A sparse matrix that was written, as dense rows. */
async function readSparse(adata: AnnData, path: string, nCols: number): Promise<number[][]> {
  const [data, indices, indptr] = await Promise.all(
    ["data", "indices", "indptr"].map(async (part) =>
      (await read(adata, `${path}/${part}`))!.values.map(Number),
    ),
  );
  return indptr.slice(1).map((end, r) => {
    const row = new Array<number>(nCols).fill(0);
    for (let e = indptr[r]; e < end; e++) row[indices[e]] = data[e];
    return row;
  });
}

const entry = (i: number, j: number): number => ((i + j) % 2 === 0 ? 10 * i + j : 0);

describe.each([".h5ad", ".zarr"])("a view written to %s", (ending) => {
  it("takes what belongs to its cells along, and names what it leaves out", async () => {
    const input = await openAnnData(join(folder, "in.h5ad"));
    const out = join(folder, `cells${ending}`);
    const cells = [1, 2, 4];
    const leftOut = await writeDataset(await viewRows(input, Uint32Array.from(cells)), out, {});
    const written = await openAnnData(out);
    try {
      expect(leftOut.map(({ message }) => message)).toEqual([
        "obsm/odd is left out of the output: it is stored as dict",
        "obsp/short is left out of the output: it has 2 rows or columns; the dataset has 6",
      ]);
      expect(written.obs.index).toEqual(cells.map((i) => ATLAS.obsNames[i]));
      const rowsOf = (i: number) => [3 * i, 3 * i + 1, 3 * i + 2];
      expect(await read(written, "obsm/dense")).toEqual({ shape: [3, 3], values: cells.flatMap(rowsOf) });
      expect((await read(written, "obsm/words"))?.values).toEqual(["row 1", "row 2", "row 4"]);
      expect(await readSparse(written, "obsm/sparse", 4)).toEqual(
        cells.map((i) => count(4).map((j) => entry(i, j))),
      );
      expect(await read(written, "obsp/dense")).toEqual({
        shape: [3, 3],
        values: cells.flatMap((i) => cells.map((j) => N * i + j)),
      });
      expect(await readSparse(written, "obsp/sparse", 3)).toEqual(
        cells.map((i) => cells.map((j) => entry(i, j))),
      );
      expect(await readSparse(written, "raw/X", 2)).toEqual(
        cells.map((i) => count(2).map((j) => entry(i, j))),
      );
      expect(await written.varNames("raw/X")).toEqual(["R0", "R1"]);
      for (const path of ["varm/dense", "varp/dense", "varm/words", "raw/var/id"])
        expect(await read(written, path)).toEqual(await read(input, path));
    } finally {
      await written.close();
      await input.close();
    }
  });

  it("takes what belongs to its genes along, in their order, with gaps where there is nothing", async () => {
    const input = await openAnnData(join(folder, "in.h5ad"));
    const out = join(folder, `genes${ending}`);
    const genes = [7, -1, 2];
    const view: AnnData = {
      ...input,
      input: null,
      nVars: 3,
      hasX: false,
      var: { length: 3, index: ["a", "b", "c"], columns: [], column: input.var.column },
      reshaped: { varFrom: Int32Array.from(genes), uns: new Map() },
    };
    const leftOut = await writeDataset(view, out, {});
    const written = await openAnnData(out);
    try {
      expect(leftOut.map(({ where }) => where?.split(" › ")[1])).toEqual(["varm/odd", "varp/short"]);
      const gap = [Number.NaN, Number.NaN, Number.NaN];
      expect((await read(written, "varm/dense"))?.values).toEqual([21, 22, 23, ...gap, 6, 7, 8]);
      expect((await read(written, "varm/words"))?.values).toEqual(["row 7", "", "row 2"]);
      expect(await readSparse(written, "varm/sparse", 4)).toEqual(
        genes.map((i) => count(4).map((j) => (i < 0 ? 0 : entry(i, j)))),
      );
      const at = (i: number, j: number): number => (i < 0 || j < 0 ? Number.NaN : M * i + j);
      expect((await read(written, "varp/dense"))?.values).toEqual(
        genes.flatMap((i) => genes.map((j) => at(i, j))),
      );
      expect(await readSparse(written, "varp/sparse", 3)).toEqual(
        genes.map((i) => genes.map((j) => (i < 0 || j < 0 ? 0 : entry(i, j)))),
      );
    } finally {
      await written.close();
      await input.close();
    }
  });
});
