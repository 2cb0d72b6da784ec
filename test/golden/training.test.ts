/** Training on the golden reference, beside what the original reported for the same options. */
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { Float } from "../../src/core/config.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import { train } from "../../src/model/train.ts";
import { describeGolden } from "../helpers/golden-sets.ts";

/** The options that `external` was trained with, and the losses in its train_config. */
const ORIGINAL = {
  simulated: { numEpochs: 15, valFraction: 0.15, patience: 5, trainLoss: 7.322666, valLoss: 7.17359 },
  real: { numEpochs: 20, valFraction: 0.2, patience: 50, trainLoss: 4.160142, valLoss: 3.578061 },
};

describeGolden("training on reference.h5ad", (set) => {
  const original = ORIGINAL[set.name];

  test("losses after as many epochs are near the original's, as another seed's would be", async () => {
    const adata = await openAnnData(set.path("reference.h5ad"));
    try {
      const { model, warnings } = await train(
        adata,
        {
          labelColumns: set.columns,
          coordTargets: { latent: "X_ref_latent", umap: "X_umap" },
          hiddenSizes: [64, 32],
          numEpochs: original.numEpochs,
          valFraction: original.valFraction,
          earlyStoppingPatience: original.patience,
          calibrationMethod: "temperature_scaling",
        },
        { engine: createReferenceEngine() },
      );
      for (const { message } of warnings) expect(message).toContain("fewer than 5 cells");
      const { trainConfig } = model;
      for (const [key, expected] of [
        ["last_train_loss", original.trainLoss],
        ["last_val_loss", original.valLoss],
      ] as const) {
        const value = trainConfig.get(key);
        expect(value).toBeInstanceOf(Float);
        expect(Math.abs((value as Float).value / expected - 1), key).toBeLessThan(0.08);
      }
    } finally {
      await adata.close();
    }
  });
});
