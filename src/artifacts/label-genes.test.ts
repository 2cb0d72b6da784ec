import { expect, test } from "vitest";
import { memoryStore } from "../../test/helpers/memory-store.ts";
import { smallModel } from "../../test/helpers/small-model.ts";
import { AtlasmtlError } from "../errors.ts";
import { type Dict, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import type { LabelGenes } from "../model/genes/types.ts";
import { emitLabelGenes, readLabelGenes } from "./label-genes.ts";
import { loadModel } from "./load.ts";
import { saveModel } from "./save.ts";

const model = smallModel();
const gene = (name: string, score: number) => ({
  gene: name,
  score,
  expressing: 0.75,
  siblingsExpressing: 0.25,
});
const counted = { nCells: 4, nSiblingCells: 8 };
const labelGenes: readonly LabelGenes[] = [
  {
    column: "level1",
    classes: [
      { label: "B", parent: null, ...counted, genes: [gene("g3", 0.5), gene("__proto__", 0.25)] },
      { label: "T", parent: null, ...counted, genes: [gene("g1", 1)] },
    ],
  },
  {
    column: "level2",
    classes: ["a", "\uffee", "😀"].map((label) => ({ label, parent: "B", ...counted, genes: [] })),
  },
];

test("the genes of the labels come back with the bundle as they were saved; a bundle without them loads", async () => {
  const store = memoryStore();
  await saveModel({ ...model, labelGenes }, "out/model.pth", { store });
  expect((await loadModel("out/model.pth", { store })).model.labelGenes).toEqual(labelGenes);
  await saveModel(model, "out/model.pth", { store });
  expect((await loadModel("out/model.pth", { store })).model).not.toHaveProperty("labelGenes");
});

type Fields = Map<PickleValue, PickleValue>;

/** The stored form with one field of the first label column changed. */
function withField(key: string, value: PickleValue | undefined): Dict {
  const all = new Map(emitLabelGenes(labelGenes, model.trainGenes) as Dict);
  const first: Fields = new Map(all.get("level1") as Dict);
  if (value === undefined) first.delete(key);
  else first.set(key, value);
  return all.set("level1", first);
}

const ints = (shape: readonly number[], ...values: number[]) =>
  new NdArray("i4", shape, Int32Array.from(values));
const floats = (shape: readonly number[], ...values: number[]) =>
  new NdArray("f4", shape, Float32Array.from(values));

test.each<[string, string, PickleValue | undefined, string, RegExp]>([
  ["no genes", "genes", undefined, "BAD_FORMAT", /array i4 is expected; this is nothing/],
  ["genes as a list", "genes", [1, 2], "BAD_FORMAT", /a list of 2/],
  ["genes as floats", "genes", floats([2, 2], 0, 1, 2, -1), "BAD_FORMAT", /f4/],
  ["genes of one class", "genes", ints([1, 2], 0, 1), "MISMATCH", /\[1, 2\]; expected is \[2, any\]/],
  ["a flat array of genes", "genes", ints([4], 0, 1, 2, -1), "MISMATCH", /\[4\]/],
  [
    "more genes than the model",
    "genes",
    ints([2, 2], 0, 3, 0, -1),
    "BAD_DATA",
    /the gene 3; the model has 3/,
  ],
  ["a negative gene", "genes", ints([2, 2], 0, -2, 0, -1), "BAD_DATA", /the gene -2/],
  ["a gene after the end", "genes", ints([2, 2], -1, 1, 0, -1), "BAD_DATA", /the gene 1/],
  ["a gene twice", "genes", ints([2, 2], 1, 1, 0, -1), "BAD_DATA", /there twice/],
  ["wider scores", "scores", floats([2, 3], 1, 0, 0, 1, 0, 0), "MISMATCH", /\[2, 3\]/],
  ["a score that is no number", "scores", floats([2, 2], Number.NaN, 0, 0, 0), "BAD_DATA", /NaN/],
  ["a share above 1", "expressing", floats([2, 2], 0, 1.5, 0, 0), "BAD_DATA", /1\.5/],
  ["a negative share", "siblings_expressing", floats([2, 2], 0, -1, 0, 0), "BAD_DATA", /-1/],
  ["a negative number of cells", "n_cells", ints([2], 1, -3), "BAD_DATA", /-3/],
  ["cells of one class", "n_sibling_cells", ints([1], 1), "MISMATCH", /\[1\]/],
  ["one parent", "parents", [null], "MISMATCH", /1 parents for 2 classes/],
  ["a parent that is no text", "parents", [null, 7], "BAD_FORMAT", /an int/],
])("%s: refused, and the key is named", (_, key, value, code, message) => {
  const error = caught(() => readLabelGenes(withField(key, value), model));
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(error.where).toContain(`label_genes › level1 › ${key}`);
});

test("genes of other label columns are a mismatch", () => {
  const stored = emitLabelGenes(labelGenes, model.trainGenes) as Dict;
  expect(caught(() => readLabelGenes(new Map([...stored].slice(1)), model)).code).toBe("MISMATCH");
  const renamed = new Map([...stored].map(([name, own], i) => [i === 0 ? "other" : name, own]));
  expect(caught(() => readLabelGenes(renamed, model)).message).toContain("level1 is missing");
});

function caught(work: () => unknown): AtlasmtlError {
  try {
    work();
  } catch (error) {
    if (error instanceof AtlasmtlError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
