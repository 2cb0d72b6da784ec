import { expect, test } from "vitest";
import { identityModel, memoryQuery } from "../../test/helpers/predict-fixtures.ts";
import { buildModel } from "./build-model.ts";
import { fitOpensetThreshold } from "./fit-openset.ts";
import { predict } from "./predict.ts";
import { preprocessReference } from "./preprocess.ts";
import { fitRefinement } from "./refinement.ts";
import { TrainedModel } from "./trained-model.ts";

const model = new TrainedModel(identityModel(null));
const adata = memoryQuery([[1, 2]], ["a", "b"]);
const call = (work: (...words: never[]) => Promise<unknown>, ...words: unknown[]): Promise<unknown> =>
  work(...(words as never[]));

test.each([
  ["predict", predict],
  ["fitOpensetThreshold", fitOpensetThreshold],
  ["fitRefinement", fitRefinement],
] as const)("%s says that its arguments are swapped", async (name, work) => {
  await expect(call(work, adata, model)).rejects.toMatchObject({
    code: "USAGE",
    message: `${name} got the dataset first, expected the model first`,
    hint: `swap the two: ${name}(model, adata)`,
  });
});

test.each([
  ["m.pth", adata, 'predict got the text "m.pth" as the model, expected a TrainedModel'],
  [undefined, adata, "predict got undefined as the model, expected a TrainedModel"],
  [{}, adata, "predict got another object as the model, expected a TrainedModel"],
  [model, "q.h5ad", 'predict got the text "q.h5ad" as the dataset, expected an open one'],
  [model, Promise.resolve(adata), "predict got a promise as the dataset, expected an open one"],
  [model, model, "predict got a model as the dataset, expected an open one"],
])("predict names what it got: %#", async (first, second, message) => {
  await expect(call(predict, first, second)).rejects.toMatchObject({ code: "USAGE", message });
});

test("training and preprocessing name what they got for a dataset", async () => {
  await expect(call(buildModel, "r.h5ad", { labelColumns: ["l"] })).rejects.toMatchObject({
    code: "USAGE",
    message: 'buildModel got the text "r.h5ad" as the dataset, expected an open one',
    hint: 'open it first: await openAnnData("cells.h5ad")',
  });
  await expect(call(preprocessReference, null)).rejects.toMatchObject({
    code: "USAGE",
    message: "preprocessReference got null as the dataset, expected an open one",
  });
});
