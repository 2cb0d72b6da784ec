import { expect, test } from "vitest";
import { inspectDataset, openAnnData, simulateH5ad } from "./index.ts";

const small = { nReference: 300, nQuery: 120, nGenes: 300, nStates: 21, unseenShare: 0.2 } as const;

test("both halves open as datasets with the labels, the counts and the unseen type of the simulation", async () => {
  const reference = await openAnnData(await simulateH5ad("reference", small));
  const query = await openAnnData(await simulateH5ad("query", small));
  const seen = await inspectDataset(reference);
  expect(seen.labelColumns).toEqual(["lineage", "class", "type", "state"]);
  expect(seen.matrices.map((matrix) => "look" in matrix && matrix.look?.verdict)).toEqual(["counts"]);
  expect([reference.nObs, query.nObs, reference.nVars]).toEqual([300, 120, 300]);
  const states = async (adata: typeof query) => {
    const column = await adata.obs.column("state");
    return column.kind === "categorical" ? column.categories : [];
  };
  expect(await states(reference)).not.toContain("Mast cell");
  expect(await states(query)).toContain("Mast cell");
});

test("equal options give equal values, another seed gives others", async () => {
  const values = async (seed: number) => {
    const query = await openAnnData(await simulateH5ad("query", { ...small, seed }));
    for await (const { csr } of (await query.matrix()).rows()) return csr.data!.slice();
    return null;
  };
  expect(await values(1)).toEqual(await values(1));
  expect(await values(2)).not.toEqual(await values(1));
});

test("a size below its bound is refused", async () => {
  await expect(simulateH5ad("query", { nGenes: 3 })).rejects.toMatchObject({ code: "USAGE" });
});
