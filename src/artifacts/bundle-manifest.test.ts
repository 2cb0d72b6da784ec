import { expect, test } from "vitest";
import { Float } from "../core/config.ts";
import { emitManifest, parseManifest } from "./bundle-manifest.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const minimal = { model_path: "model.pth", metadata_path: "model_metadata.pkl" };
const digest = "ab".repeat(32);

test("a manifest that is read and written keeps everything, also keys it does not know", () => {
  const text = `{
  "__proto__": {
    "x": 1
  },
  "checksums": {
    "model_path": "${digest}"
  },
  "feature_panel_path": "model_feature_panel.json",
  "input_transform": "float",
  "metadata_path": "model_metadata.pkl",
  "model_path": "model.pth",
  "note": [
    "é",
    null,
    2.5,
    {}
  ],
  "preprocess": {
    "n_top_genes": 3000
  },
  "reference_path": "refs/x.pkl.gz",
  "reference_storage": "external",
  "schema_version": 1,
  "written_by": "another program"
}
`;
  const manifest = parseManifest(new TextEncoder().encode(text));
  expect([...manifest.extra.keys()].sort()).toEqual(["__proto__", "note"]);
  expect(manifest.paths.get("reference_path")).toBe("refs/x.pkl.gz");
  expect(new TextDecoder().decode(emitManifest(manifest))).toBe(text);
});

test("keys sort by code point and a whole float keeps its point", () => {
  const manifest = parseManifest(json({ ...minimal, "\uffee": 1, "😀": 2 }));
  const text = new TextDecoder().decode(
    emitManifest({ ...manifest, preprocess: new Map([["target_sum", new Float(10000)]]) }),
  );
  expect(text.indexOf("\uffee")).toBeLessThan(text.indexOf("😀"));
  expect(text).toContain('"target_sum": 10000.0');
});

test("what the original may leave out is optional", () => {
  const manifest = parseManifest(json({ ...minimal, reference_path: null, checksums: { model_path: null } }));
  expect(manifest).toMatchObject({
    schemaVersion: 1,
    referenceStorage: null,
    inputTransform: null,
    preprocess: null,
  });
  expect(manifest.checksums.size).toBe(0);
  expect([...manifest.paths.keys()]).toEqual(["model_path", "metadata_path"]);
});

test("a newer schema is refused by name", () => {
  expect(() => parseManifest(json({ ...minimal, schema_version: 2 }))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", where: "schema_version", hint: "update atlasmtl" }),
  );
});

test.each([
  ["a missing path", { model_path: "model.pth" }, "metadata_path"],
  ["a path that is a number", { ...minimal, model_path: 3 }, "model_path"],
  ["an empty path", { ...minimal, model_path: "" }, "model_path"],
  ["an unknown storage", { ...minimal, reference_storage: "cloud" }, "reference_storage"],
  ["an unknown transform", { ...minimal, input_transform: "log" }, "input_transform"],
  ["a version that is text", { ...minimal, schema_version: "1" }, "schema_version"],
  ["a digest that is none", { ...minimal, checksums: { model_path: "abc" } }, "checksums › model_path"],
  ["checksums that are a list", { ...minimal, checksums: [] }, "checksums"],
])("refuses %s and names the key", (_, value, where) => {
  expect(() => parseManifest(json(value))).toThrow(expect.objectContaining({ code: "BAD_FORMAT", where }));
});

test.each(["", "[]", "{", "nul", '{"model_path": "\xff'])("refuses %j", (text) => {
  expect(() => parseManifest(new Uint8Array(Buffer.from(text, "latin1")))).toThrow(
    expect.objectContaining({ code: "BAD_FORMAT" }),
  );
});
