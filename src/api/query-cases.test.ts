/** The same cells in files that hold and call genes otherwise get the same labels. */
import { beforeAll, expect, test } from "vitest";
import { describeShared, sharedPath } from "../../test/helpers/shared.ts";
import { buildModel, openAnnData, type PredictOptions, predict, type TrainedModel } from "./index.ts";

describeShared("queries of the cases, real counts", () => {
  let model: TrainedModel;
  beforeAll(async () => {
    const reference = await openAnnData(sharedPath("data/pbmc_3tech_symphony.h5ad"));
    model = await buildModel(reference, { labelColumns: ["cell_type_l2"], numEpochs: 5, linearViews: false });
    await reference.close();
  });

  async function labelsOf(file: string, options: PredictOptions = {}) {
    const adata = await openAnnData(sharedPath(`cases/files/${file}`));
    const { data } = await predict(model, adata, options);
    await adata.close();
    const { codes, categories } = data.labels[0].raw;
    return { labels: Array.from(codes, (code) => categories[code]), notes: data.notes };
  }

  test.each(["cite.h5", "cite_mtx", "cite_s.h5ad", "dupother.h5ad"])("%s", async (file) => {
    expect((await labelsOf(file)).labels).toEqual((await labelsOf("q.h5ad")).labels);
  });

  test("dupsym: the symbols are used, whatever the made-up ids say; one gene has the name of another", async () => {
    await expect(labelsOf("dupsym")).rejects.toMatchObject({ code: "BAD_DATA" });
    const { labels, notes } = await labelsOf("dupsym", { autoGenes: true });
    const same = (await labelsOf("q.h5ad")).labels.filter((label, cell) => label === labels[cell]);
    expect(same.length).toBeGreaterThan(0.95 * labels.length);
    expect(notes?.at(-1)?.message).toContain("1,763 of the model's 1,764 genes");
  });
});
