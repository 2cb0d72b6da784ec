/** The genes of the labels on real blood cells, against textbook markers. */
import { expect, test } from "vitest";
import { buildModel, explainModel, openAnnData } from "../../src/api/index.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const TEXTBOOK: Readonly<Record<string, readonly string[]>> = {
  B: ["CD79A", "MS4A1", "CD79B"],
  DC: ["FCER1A", "CD1C", "CLEC10A"],
  Mono: ["LYZ", "S100A8", "S100A9", "FCN1"],
  NK: ["NKG7", "GNLY", "KLRD1", "GZMB", "PRF1"],
  Platelet: ["PPBP", "PF4"],
  T: ["CD3D", "CD3E", "IL7R", "IL32"],
};

describeShared("genes of the labels of blood cells", () => {
  test("nearly all textbook markers are among the 20 best, and few cells of other types express them", async () => {
    const adata = await openAnnData(sharedPath("data/pbmc3k_10xv1.h5ad"));
    const model = await buildModel(adata, { labelColumns: ["cell_type_l1_derived"], numEpochs: 3 });
    await adata.close();
    const [{ classes }] = await explainModel(model);
    expect(classes.map(({ label }) => label)).toEqual(Object.keys(TEXTBOOK));
    for (const { label, genes } of classes) {
      const best = genes.slice(0, 20);
      const hits = TEXTBOOK[label].filter((marker) => best.some(({ gene }) => gene === marker));
      expect(hits.length, label).toBeGreaterThanOrEqual(TEXTBOOK[label].length - 1);
      for (const { gene, expressing, siblingsExpressing } of best.slice(0, 3))
        expect(siblingsExpressing, `${label} ${gene}`).toBeLessThan(expressing!);
    }
  }, 60_000);
});
