import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { platform } from "#platform";
import { parsePickle } from "../formats/pickle/parse.ts";
import type { Dict, NdArray } from "../formats/pickle/values.ts";
import type { Reranker } from "../model/reranker.ts";
import {
  emitReranker,
  loadRefinementPlan,
  loadReranker,
  namesHash,
  parseReranker,
  refinementFiles,
} from "./refinement.ts";

const reranker: Reranker = {
  parentLevel: "coarse",
  childLevel: "fine",
  childClasses: ["a", "b", "c"],
  childToParent: new Map([
    ["a", "P"],
    ["b", "P"],
    ["c", "Q"],
  ]),
  parents: [
    {
      parent: "P",
      children: ["a", "b"],
      regression: {
        nFeatures: 2,
        nClasses: 2,
        weights: Float64Array.of(0.1, 3, -2, 1e-9),
        intercepts: Float64Array.of(1, -1),
      },
      nCells: 7,
    },
    { parent: "Q", children: ["c"], regression: null, nCells: 2 },
  ],
};
const record = {
  selection: new Map([["mode", "topk"]]),
  enabled: true,
  note: "because",
  ruleVersion: "v1",
  features: new Map(),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "refinement-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("an artifact comes back as it was", () => {
  expect(parseReranker(emitReranker(reranker))).toEqual(reranker);
});

test("coefficients are stored by class, as numpy readers multiply them", () => {
  const parents = (parsePickle(emitReranker(reranker)) as Dict).get("parents") as Dict;
  const { data, shape } = (parents.get("P") as Dict).get("coef") as NdArray;
  expect({ data, shape }).toEqual({ data: Float64Array.of(0.1, -2, 3, 1e-9), shape: [2, 2] });
});

test("hashes are those of Python's compact sorted JSON", () => {
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  expect(
    namesHash(
      new Map([
        ["b", "x"],
        ["a", 'é"'],
      ]),
    ),
  ).toBe(sha('{"a":"\\u00e9\\"","b":"x"}'));
  expect(namesHash(["😀", "\u007f"])).toBe(sha('["\\ud83d\\ude00","\u007f"]'));
});

test("artifact, description and plan are written together and found again", async () => {
  const path = join(folder, "r.pkl");
  await platform.files.writeAll(refinementFiles(reranker, record, path));
  expect(await loadReranker(path)).toEqual(reranker);
  expect(await loadRefinementPlan(join(folder, "r_plan.json"))).toEqual({
    enabled: true,
    note: "because",
    artifactPath: path,
    ruleVersion: "v1",
  });
  expect(JSON.parse(readFileSync(join(folder, "r.json"), "utf8"))).toMatchObject({
    parent_level: "coarse",
    child_level: "fine",
    hotspot_parents: ["P", "Q"],
    selection: { mode: "topk" },
    child_classes: ["a", "b", "c"],
    child_to_parent: { a: "P", b: "P", c: "Q" },
    child_classes_hash: namesHash(reranker.childClasses),
    hierarchy_child_to_parent_hash: namesHash(reranker.childToParent),
  });
});

test("an artifact that is not the one described is refused", async () => {
  const path = join(folder, "r.pkl");
  await platform.files.writeAll(refinementFiles(reranker, record, path));
  writeFileSync(path, emitReranker({ ...reranker, parents: [] }));
  await expect(loadReranker(path)).rejects.toMatchObject({ code: "CHECKSUM", subject: "artifact" });
});

test.each([
  ["a regression of another size", { children: ["a", "b", "c"] }, "BAD_DATA"],
  ["a child that is no class", { children: ["a", "z"] }, "BAD_DATA"],
  ["a parent without children", { children: [] }, "BAD_DATA"],
] as const)("%s is refused", (_, change, code) => {
  const parents = [{ ...reranker.parents[0], ...change }];
  const emit = () => emitReranker({ ...reranker, parents });
  // The emitter shapes arrays by the children, so a wrong size is met on reading.
  expect(() => parseReranker(emit())).toThrow(
    expect.objectContaining({ code: expect.stringMatching(`${code}|BAD_FORMAT`) }),
  );
});

test.each(["{}", '{"enabled": 1}', '{"enabled": true}', "[]", "nonsense"])("%s is no plan", async (text) => {
  const path = join(folder, "plan.json");
  writeFileSync(path, text);
  await expect(loadRefinementPlan(path)).rejects.toMatchObject({ code: "BAD_FORMAT" });
});

test("bytes that are no pickle are refused", async () => {
  await expect(loadReranker(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ subject: "artifact" });
});
