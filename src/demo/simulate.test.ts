import fc from "fast-check";
import { expect, test } from "vitest";
import type { Csr } from "../core/csr.ts";
import { hash32 } from "../core/rng.ts";
import { LEVELS, N_NAMED_STATES, NAMED_MARKERS, typePaths } from "./cell-types.ts";
import {
  createSimulation,
  SIMULATION_DEFAULTS,
  type SimulationOptions,
  simulateCells,
  simulateIdentities,
} from "./simulate.ts";
import { simulatedAnnData } from "./simulated-anndata.ts";

const small: Partial<SimulationOptions> = { nReference: 300, nQuery: 120, nGenes: 400 };
const simulation = createSimulation(small);

const rowsOf = (counts: Csr) =>
  Array.from({ length: counts.nRows }, (_, r) => {
    const [from, to] = [counts.indptr[r], counts.indptr[r + 1]];
    return [...counts.indices.slice(from, to), ...counts.data!.slice(from, to)];
  });

/** A number that changes when any bit of the counts does. */
const fingerprint = ({ indptr, indices, data }: Csr): number => {
  let hash = 0;
  for (const array of [indptr, indices, data!]) for (const value of array) hash = hash32(hash ^ value) | 0;
  return hash >>> 0;
};

test("a block of cells is the same whatever the block, the order and the size of the atlas", () => {
  const all = rowsOf(simulateCells(simulation, "query", 0, 120).counts);
  const larger = createSimulation({ ...small, nReference: 5, nQuery: 100_000 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 0, max: 20 }), (start, length) => {
      const end = Math.min(120, start + length);
      expect(rowsOf(simulateCells(simulation, "query", start, end).counts)).toEqual(all.slice(start, end));
      expect(rowsOf(simulateCells(larger, "query", start, end).counts)).toEqual(all.slice(start, end));
    }),
    { numRuns: 10 },
  );
});

test("the bits of an atlas are pinned; another seed gives another atlas", () => {
  const pinned = fingerprint(simulateCells(simulation, "reference", 0, 50).counts);
  expect(pinned).toMatchInlineSnapshot(`2029753911`);
  const other = createSimulation({ ...small, seed: SIMULATION_DEFAULTS.seed + 1 });
  expect(fingerprint(simulateCells(other, "reference", 0, 50).counts)).not.toBe(pinned);
});

test("counts are canonical rows of positive integers, about 8 % of the genes per cell", () => {
  const full = createSimulation();
  const { counts } = simulateCells(full, "reference", 0, 400);
  for (let r = 0; r < counts.nRows; r++)
    for (let e = counts.indptr[r]; e < counts.indptr[r + 1]; e++) {
      expect(counts.data![e] > 0 && Number.isInteger(counts.data![e])).toBe(true);
      expect(e === counts.indptr[r] || counts.indices[e] > counts.indices[e - 1]).toBe(true);
    }
  const density = counts.indices.length / 400 / 2000;
  expect(density).toBeGreaterThan(0.06);
  expect(density).toBeLessThan(0.11);
});

test("the unseen type is in the query only, in about its share", () => {
  const full = createSimulation();
  expect(simulateIdentities(full, "reference", 0, 4000).states).not.toContain(full.unseen);
  const { states } = simulateIdentities(full, "query", 0, 1500);
  const share = states.filter((state) => state === full.unseen).length / 1500;
  expect(Math.abs(share - 0.06)).toBeLessThan(0.02);
});

test("every other type occurs on both sides of the default atlas", () => {
  const full = createSimulation();
  for (const part of ["reference", "query"] as const) {
    const { states } = simulateIdentities(full, part, 0, part === "reference" ? 4000 : 1500);
    for (let state = 0; state < full.paths.length; state++)
      if (state !== full.unseen) expect(states).toContain(state);
  }
});

test("query and reference share no donor", () => {
  const reference = new Set(simulateIdentities(simulation, "reference", 0, 300).donors);
  const query = new Set(simulateIdentities(simulation, "query", 0, 120).donors);
  expect(reference.size).toBe(4);
  expect(query.size).toBe(2);
  expect([...query].some((donor) => reference.has(donor))).toBe(false);
});

test("the labels form a tree, also with more types than have names", () => {
  for (const nStates of [N_NAMED_STATES, 100]) {
    const paths = typePaths(nStates);
    expect(new Set(paths.map((path) => path[3])).size).toBe(nStates);
    for (let level = 1; level < LEVELS.length; level++) {
      const parents = new Map<string, string>();
      for (const path of paths) {
        expect(parents.get(path[level]) ?? path[level - 1]).toBe(path[level - 1]);
        parents.set(path[level], path[level - 1]);
      }
    }
  }
});

test("markers name nodes of the tree, and no gene marks two", () => {
  const nodes = new Set(typePaths(N_NAMED_STATES).flat());
  for (const name of NAMED_MARKERS.keys()) expect(nodes).toContain(name);
  const symbols = [...NAMED_MARKERS.values()].flat();
  expect(new Set(symbols).size).toBe(symbols.length);
});

test("gene names are distinct and sorted, and markers are found where they belong", () => {
  const full = createSimulation();
  expect(new Set(full.genes).size).toBe(2000);
  expect([...full.genes].sort()).toEqual(full.genes);
  const gene = full.genes.indexOf("CD3D");
  expect(full.markerOf[gene]).toBe("T cell");
  const { counts, states } = simulateCells(full, "reference", 0, 500);
  const detected = { inside: 0, outside: 0, nInside: 0, nOutside: 0 };
  for (let r = 0; r < 500; r++) {
    const row = counts.indices.subarray(counts.indptr[r], counts.indptr[r + 1]);
    const isT = full.paths[states[r]][1] === "T cell";
    detected[isT ? "nInside" : "nOutside"]++;
    if (row.includes(gene)) detected[isT ? "inside" : "outside"]++;
  }
  expect(detected.inside / detected.nInside).toBeGreaterThan(5 * (detected.outside / detected.nOutside));
});

test("sizes below their bounds and an unseen type without a name are refused", () => {
  expect(() => createSimulation({ nGenes: 10 })).toThrow(/nGenes is 10, expected an integer of at least 200/);
  expect(() => createSimulation({ nQuery: 1.5 })).toThrow(/nQuery is 1.5/);
  expect(() => createSimulation({ unseenState: "Unicorn" })).toThrow(/'Unicorn' is not among the 32/);
});

test("no unseen type, few types and empty parts work", () => {
  const plain = createSimulation({ ...small, nStates: 3, unseenState: null, nQuery: 0 });
  expect(plain.unseen).toBe(-1);
  expect(simulateCells(plain, "query", 0, 0).counts.indptr).toEqual(new Uint32Array(1));
  expect(new Set(simulateIdentities(plain, "reference", 0, 300).states)).toEqual(new Set([0, 1, 2]));
});

test("as an AnnData: unique names, labels as categories, counts in blocks", async () => {
  const query = simulatedAnnData(simulation, "query");
  expect(new Set(query.obs.index).size).toBe(120);
  expect(query.obs.index[0]).toMatch(/^donor_0[56]_[ACGT]{16}-1$/);
  expect(query.obs.columns).toEqual([...LEVELS, "donor", "is_unseen_type"]);
  const state = await query.obs.column("state");
  const unseen = await query.obs.column("is_unseen_type");
  if (state.kind !== "categorical" || unseen.kind !== "boolean") throw new Error("wrong kinds");
  const mast = state.categories.indexOf("Mast cell");
  expect([...state.codes].map((code) => (code === mast ? 1 : 0))).toEqual([...unseen.values]);
  const matrix = await query.matrix();
  const rows: number[][] = [];
  for await (const { firstRow, csr } of matrix.rows({ blockRows: 50, start: 10 })) {
    expect(firstRow).toBe(10 + rows.length);
    rows.push(...rowsOf(csr));
  }
  expect(rows).toEqual(rowsOf(simulateCells(simulation, "query", 10, 120).counts));
  await expect(query.matrix("raw/X")).rejects.toThrow(/no matrix 'raw\/X'/);
  await expect(query.obs.column("age")).rejects.toThrow(/no column 'age'/);
});
