/** Training on the golden reference, beside what the original reported for the same options. */
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { Float } from "../../src/core/config.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import { train } from "../../src/model/train.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

// From train_config of golden/external, which was trained with the options below.
const ORIGINAL = { trainLoss: 4.160142, valLoss: 3.578061 };

describeShared("training on golden/reference.h5ad", () => {
  test("losses after 20 epochs are near the original's, as another seed's would be", async () => {
    const adata = await openAnnData(sharedPath("golden/reference.h5ad"));
    try {
      const { model, warnings } = await train(
        adata,
        {
          labelColumns: ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"],
          coordTargets: { latent: "X_ref_latent", umap: "X_umap" },
          hiddenSizes: [64, 32],
          numEpochs: 20,
          valFraction: 0.2,
          earlyStoppingPatience: 50,
          calibrationMethod: "temperature_scaling",
        },
        { engine: createReferenceEngine() },
      );
      expect(warnings).toEqual([]);
      const { trainConfig } = model;
      for (const [key, original] of [
        ["last_train_loss", ORIGINAL.trainLoss],
        ["last_val_loss", ORIGINAL.valLoss],
      ] as const) {
        const value = trainConfig.get(key);
        expect(value).toBeInstanceOf(Float);
        expect(Math.abs((value as Float).value / original - 1), key).toBeLessThan(0.08);
      }
    } finally {
      await adata.close();
    }
  });
});
