import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData } from "../anndata/types.ts";
import { makeGroupSplitPlan, materializeGroupSplit } from "./group-split.ts";
import { splitRows } from "./split-rows.ts";

async function cells(
  donors: readonly (string | null)[],
  labels: readonly (string | null)[],
): Promise<AnnData> {
  return createAnnData({
    obs: { index: donors.map((_, i) => `c${i}`), columns: { donor: donors, type: labels } },
    var: { index: ["g"] },
  });
}

/** `sizes[d]` cells of donor d, with three labels in turn. */
function atlas(sizes: readonly number[]): Promise<AnnData> {
  const donors = sizes.flatMap((size, d) => new Array<string>(size).fill(`d${d}`));
  return cells(
    donors,
    donors.map((_, i) => ["T", "B", "NK"][i % 3]),
  );
}

const keys = { splitKey: "donor", targetLabel: "type" };

describe("makeGroupSplitPlan", () => {
  it("never has a group on both sides, and reaches both sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 5, max: 40 }), { minLength: 4, maxLength: 9 }),
        fc.integer({ min: 0, max: 1000 }),
        async (sizes, seed) => {
          const adata = await atlas(sizes);
          const plan = await makeGroupSplitPlan(adata, { ...keys, buildSize: 10, predictSize: 5, seed });
          const all = [...plan.build.groups, ...plan.predict.groups, ...plan.unusedGroups];
          expect(new Set(all).size).toBe(all.length);
          expect(all).toHaveLength(sizes.length);
          const split = await materializeGroupSplit(adata, plan);
          for (const [part, size] of [
            ["build", 10],
            ["predict", 5],
          ] as const) {
            const rows = splitRows(split, part);
            expect(rows).toHaveLength(size);
            for (const row of rows) expect(plan[part].groups).toContain(split.groups[row]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("finds the division that is nearest to the sizes", async () => {
    const plan = await makeGroupSplitPlan(await atlas([60, 31, 30, 17, 50]), {
      ...keys,
      buildSize: 60,
      predictSize: 30,
    });
    expect(plan.build.groups).toEqual(["d0"]);
    expect(plan.predict.groups).toEqual(["d2"]);
    expect(plan.unusedGroups).toEqual(["d1", "d3", "d4"]);
  });

  it("gives the same plan and the same cells for one seed", async () => {
    const adata = await atlas([20, 30, 25, 40, 22]);
    const ask = { ...keys, buildSize: 50, predictSize: 20, seed: 3 };
    const plan = await makeGroupSplitPlan(adata, ask);
    expect(await makeGroupSplitPlan(adata, ask)).toEqual(plan);
    expect(await materializeGroupSplit(adata, plan)).toEqual(await materializeGroupSplit(adata, plan));
  });

  it("prefers more labels in predict where sizes are equal", async () => {
    const donors = ["a", "b", "c"].flatMap((name) => new Array<string>(30).fill(name));
    const labels = donors.map((name, i) =>
      name === "c" ? ["T", "B", "NK", "Mono"][i % 4] : ["T", "B"][i % 2],
    );
    const plan = await makeGroupSplitPlan(await cells(donors, labels), {
      ...keys,
      buildSize: 30,
      predictSize: 30,
    });
    expect(plan.predict.groups).toEqual(["c"]);
    expect(plan.warnings).toContain('build has no cell of "Mono", "NK"');
  });

  it("warns of rare labels, and of cells that take no part", async () => {
    const donors = ["a", "b"].flatMap((name) => new Array<string | null>(30).fill(name)).concat([null]);
    const labels = donors.map((_, i) => (i % 30 === 0 ? "rare" : ["T", "B"][i % 2]));
    const plan = await makeGroupSplitPlan(await cells(donors, labels), {
      ...keys,
      buildSize: 30,
      predictSize: 30,
    });
    expect(plan.warnings[0]).toMatch(/1 cells without donor or type/);
    expect(plan.warnings.join()).toMatch(/build has fewer than 10 cells of "rare" \(1\)/);
  });

  it("says what there is when no division reaches the sizes", async () => {
    await expect(
      makeGroupSplitPlan(await atlas([10, 12]), { ...keys, buildSize: 11, predictSize: 11 }),
    ).rejects.toThrow(/2 groups of 10 to 12 cells.*there are 22 cells/);
    await expect(
      makeGroupSplitPlan(await atlas([10]), { ...keys, buildSize: 0, predictSize: 1 }),
    ).rejects.toMatchObject({
      code: "USAGE",
    });
    await expect(
      makeGroupSplitPlan(await atlas([10]), { ...keys, splitKey: "donors", buildSize: 1, predictSize: 1 }),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
