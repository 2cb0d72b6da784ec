import fc from "fast-check";
import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

test.each([
  ["--ad", ["--adata", "--out"], "--adata"],
  ["cell_typ", ["cell_type", "donor"], "cell_type"],
  ["cell-type", ["cell_type", "celltype2"], "cell_type"],
  ["Cell Type", ["donor", "cell_type"], "cell_type"],
  ["predcit", ["train", "predict"], "predict"],
  ["low_conf", ["off", "low_conf_only", "all"], "low_conf_only"],
  ["x_umap", ["X_pca", "X_umap"], "X_umap"],
  ["zebra", ["train", "predict"], null],
  ["", ["a"], null],
  ["q", ["a", "b"], null],
  ["q", [], null],
])("%s among %o is %s", (name, candidates, expected) => expect(nearest(name, candidates)).toBe(expected));

test("a name that is there is its own nearest, and one edit away is found", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcdefgh"), minLength: 4, maxLength: 12 });
  fc.assert(
    fc.property(word, fc.nat(), (name, at) => {
      const i = at % name.length;
      expect(nearest(name, ["zzzzzzzz", name])).toBe(name);
      expect(nearest(`${name.slice(0, i)}${name.slice(i + 1)}`, ["zzzzzzzz", name])).toBe(name);
    }),
  );
});

test("the sentence is empty when nothing is near", () => {
  expect(didYouMean("labl", ["label"])).toBe('; did you mean "label"?');
  expect(didYouMean("zebra", ["label"])).toBe("");
});

test("a very long name is compared by its beginning only", () => {
  expect(nearest("x".repeat(1e6), ["label"])).toBe(null);
});
