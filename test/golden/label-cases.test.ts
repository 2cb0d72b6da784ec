/** Label columns of `../shared/cases` that misled, through the package's door. */
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData } from "../../src/anndata/types.ts";
import { inspectDataset } from "../../src/api/inspect.ts";
import { checkTrainInput } from "../../src/model/input.ts";
import { resolveTrainOptions } from "../../src/model/resolve-options.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

async function withCase<T>(name: string, use: (adata: AnnData) => Promise<T>): Promise<T> {
  const adata = await openAnnData(sharedPath(`cases/files/${name}`));
  try {
    return await use(adata);
  } finally {
    await adata.close();
  }
}

const check = (adata: AnnData, options: object) =>
  checkTrainInput(adata, resolveTrainOptions({ labelColumns: ["cell_type_l1"], ...options }).options);

describeShared("label columns of shared/cases", () => {
  test("inspect names placeholders and classes that are written in two ways, with their cells", () =>
    withCase("labels.h5ad", async (adata) => {
      const { notices } = await inspectDataset(adata);
      const of = (column: string) => notices.find(({ message }) => message.includes(`"${column}"`))?.message;
      for (const [column, label] of [
        ["ct_nan", '"nan"'],
        ["ct_empty", '""'],
        ["ct_NA", '"NA"'],
        ["ct_None", '"None"'],
        ["ct_space", '" "'],
        ["ct_unassigned", '"Unassigned"'],
      ] as const)
        expect(of(column)).toContain(`${label} (129 cells)`);
      expect(of("ct_trail")).toContain('"B" (55 cells) and "B " (18 cells)');
      expect(of("ct_case")).toContain('"NK" (15 cells) and "nk" (6 cells)');
      expect(of("cell_type_l2")).toBeUndefined();
    }));

  test("a label column whose results could not be written is refused before any work", () => {
    expect(() => resolveTrainOptions({ labelColumns: ["LIVE/DEAD"] })).toThrow(
      expect.objectContaining({ code: "USAGE", hint: 'rename the column, such as to "LIVE_DEAD"' }),
    );
  });

  test("repeated cell names are told", () =>
    withCase("dup_obs.h5ad", async (adata) => {
      const { notices } = await inspectDataset(adata);
      expect(notices.map(({ message }) => message)).toContainEqual(
        expect.stringContaining("100 cell names occur more than once"),
      );
    }));

  test("a column of measurements is refused as labels", () =>
    withCase("labels.h5ad", async (adata) => {
      await expect(check(adata, { labelColumns: ["percent_mito"] })).rejects.toThrow("numbers with decimals");
      await expect(check(adata, { labelColumns: ["nUMI"] })).rejects.toThrow(
        "different numbers in 500 cells",
      );
    }));
});
