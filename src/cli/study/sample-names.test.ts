/** What the samples of a study are called. */
import { expect, test } from "vitest";
import { sampleNames } from "./sample-names.ts";

test.each([
  [
    ["d/a.h5ad", "d/b.zarr/", "d/c.csv.gz"],
    ["a", "b", "c"],
  ],
  // One name in several folders: by the folders that differ.
  [
    ["S1/outs/matrix.h5", "S2/outs/matrix.h5"],
    ["S1", "S2"],
  ],
  [
    ["x/S1/a.h5ad", "y/S1/a.h5ad", "y/b.h5ad"],
    ["x", "y", "b"],
  ],
  [
    ["a.h5ad", "sub/a.h5ad"],
    ["a", "sub_a"],
  ],
  // A file system may take these for one.
  [
    ["d/A.h5ad", "e/a.h5ad"],
    ["d_A", "e_a"],
  ],
  [
    ["d/a.h5ad", "d/a.loom"],
    ["a", "a-2"],
  ],
  [
    ["d/a_b/x.h5ad", "d/a/b/x.h5ad"],
    ["a_b", "a_b-2"],
  ],
  [
    ["https://host/one/cells.zarr?x=1", "https://host/two/cells.zarr"],
    ["one", "two"],
  ],
])("%j", (paths, names) => {
  expect(sampleNames(paths)).toEqual(names);
});
