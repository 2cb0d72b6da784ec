import { expect, test } from "vitest";
import { chooseBundle } from "./choose-bundle.ts";

test.each([
  ["the manifest of a bundle", ["m.pth", "m_metadata.pkl", "m_manifest.json"], "m_manifest.json"],
  ["the .pth where there is no manifest", ["d/m.pth", "d/m_metadata.pkl"], "d/m.pth"],
  [
    "the manifest whose model has another name",
    ["d/weights.pth", "d/m_manifest.json", "d/weights_metadata.pkl"],
    "d/m_manifest.json",
  ],
  [
    "the bundle, not the manifests of runs beside it",
    ["d/train_run_manifest.json", "d/b.predict_run_manifest.json", "d/run_manifest.json", "d/m.pth"],
    "d/m.pth",
  ],
  [
    "the bundle among a folder's other files",
    ["d/query.h5ad", "d/notes.json", "d/m.pth", "d/m_manifest.json"],
    "d/m_manifest.json",
  ],
])("%s is chosen", (_, paths, chosen) => {
  expect(chooseBundle(paths)).toBe(chosen);
});

test.each([
  [["a/m.pth", "b/m.pth"], "a/m.pth, b/m.pth"],
  [["a_manifest.json", "a.pth", "b.pth"], "a_manifest.json, b.pth"],
  [["b_manifest.json", "a_manifest.json"], "a_manifest.json, b_manifest.json"],
])("of several bundles none is chosen: %j", (paths, listed) => {
  expect(() => chooseBundle(paths)).toThrow(
    expect.objectContaining({ code: "USAGE", where: listed, hint: expect.stringContaining("path") }) as Error,
  );
});

test.each([[[]], [["query.h5ad"]], [["train_run_manifest.json"]], [["m_metadata.pkl"]]])(
  "without a bundle the error says what to pass: %j",
  (paths) => {
    expect(() => chooseBundle(paths)).toThrow(
      expect.objectContaining({
        code: "NOT_FOUND",
        message: `there is no model among the ${paths.length} files`,
        hint: expect.stringContaining("NAME_manifest.json, NAME.pth"),
      }) as Error,
    );
  },
);
