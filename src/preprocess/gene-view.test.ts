import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { Matrix } from "../anndata/types.ts";
import { DUPLICATE_POLICIES, type DuplicatePolicy } from "../schema/preprocess-options.ts";
import { moveGenes, viewGenes } from "./gene-view.ts";
import { type GenePlan, selectGenes } from "./merge-genes.ts";

/** A plan by brute force: `groups[gene]` names the output of each gene, null leaves it out. */
function planOf(groups: readonly (string | null)[]): GenePlan {
  const names = [...new Set(groups.filter((name) => name !== null))];
  return {
    names,
    target: Int32Array.from(groups, (name) => (name === null ? -1 : names.indexOf(name))),
    first: Int32Array.from(names, (name) => groups.indexOf(name)),
    groupSize: Int32Array.from(names, (name) => groups.filter((each) => each === name).length),
    ids: names,
    symbols: names,
    nDropped: 0,
    duplicated: [],
  };
}

async function rowsOf(matrix: Matrix): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const { csr } of matrix.rows({ blockRows: 2 }))
    for (let r = 0; r < csr.nRows; r++) {
      const row = new Array<number>(csr.nCols).fill(0);
      let last = -1;
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) {
        expect(csr.indices[e]).toBeGreaterThan(last);
        expect(csr.data![e]).not.toBe(0);
        last = csr.indices[e];
        row[last] = csr.data![e];
      }
      rows.push(row);
    }
  return rows;
}

const names = (n: number, prefix: string): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

describe("moveGenes", () => {
  it("adds up, averages or takes the first of every group, in any order", async () => {
    const group = fc.constantFrom("a", "b", "c", "d", null);
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 8 }),
        fc.array(fc.array(fc.integer({ min: -2, max: 3 }), { minLength: 8, maxLength: 8 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.constantFrom<DuplicatePolicy>(...DUPLICATE_POLICIES),
        fc.array(fc.constantFrom("a", "b", "c", "d", "missing"), { maxLength: 4 }),
        async (groups, values, policy, wanted) => {
          const nGenes = groups.length;
          const X = {
            nRows: values.length,
            nCols: nGenes,
            data: Float32Array.from(values.flatMap((row) => row.slice(0, nGenes))),
          };
          const adata = await createAnnData({
            X,
            obs: { index: names(values.length, "c") },
            var: { index: names(nGenes, "g") },
          });
          const order = [...new Set(wanted)];
          const plan = selectGenes(planOf(groups), order);
          const found = await rowsOf(moveGenes(await adata.matrix(), plan, policy));
          const expected = values.map((row) =>
            order.map((name) => {
              const members = groups.flatMap((each, gene) => (each === name ? [row[gene]] : []));
              if (members.length === 0) return 0;
              if (policy === "first") return members[0];
              const sum = members.reduce((a, b) => a + b, 0);
              return Math.fround(policy === "mean" ? sum / members.length : sum) + 0;
            }),
          );
          expect(found).toEqual(expected.map((row) => row.map((value) => value + 0)));
        },
      ),
    );
  });

  it("refuses a plan of other genes", async () => {
    const adata = await createAnnData({
      X: { nRows: 1, nCols: 2, data: Float32Array.of(1, 2) },
      obs: { index: ["c"] },
      var: { index: ["x", "y"] },
    });
    const matrix = await adata.matrix();
    expect(() => moveGenes(matrix, planOf(["a"]), "sum")).toThrow(/2 genes; 1 names/);
  });
});

describe("viewGenes", () => {
  it("keeps cells and gives genes the columns of the first of their group", async () => {
    const adata = await createAnnData({
      X: { nRows: 2, nCols: 3, data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      layers: { counts: { nRows: 2, nCols: 3, data: Float32Array.of(0, 1, 0, 1, 0, 1) } },
      obs: { index: ["c0", "c1"], columns: { donor: ["p", "q"] } },
      var: { index: ["x", "y", "z"], columns: { length: [10, 20, 30], kind: ["u", "v", "w"] } },
      obsm: { X_pca: { nRows: 2, nCols: 1, data: Float32Array.of(7, 8) } },
    });
    const view = await viewGenes(adata, selectGenes(planOf(["b", "a", "b"]), ["a", "b", "none"]), {
      duplicatePolicy: "sum",
      columns: new Map([["kind", { kind: "string", values: ["1", "2", "3"] }]]),
      addLayer: ["raw_counts", "layers/counts"],
    });
    expect(view.var.index).toEqual(["a", "b", "none"]);
    expect(view.var.columns).toEqual(["length", "kind"]);
    expect(await view.var.column("length")).toMatchObject({
      values: Float64Array.of(20, 10, 0),
      missing: Uint8Array.of(0, 0, 1),
    });
    expect(await view.var.column("kind")).toMatchObject({ values: ["1", "2", "3"] });
    expect(await rowsOf(await view.matrix())).toEqual([
      [2, 4, 0],
      [5, 10, 0],
    ]);
    expect(await rowsOf(await view.matrix("layers/raw_counts"))).toEqual([
      [1, 0, 0],
      [0, 2, 0],
    ]);
    expect(view.layerKeys).toEqual(["counts", "raw_counts"]);
    expect((await view.obsm("X_pca")).data).toEqual(Float32Array.of(7, 8));
    expect(view.obs.index).toEqual(["c0", "c1"]);
  });
});
