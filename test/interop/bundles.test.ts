/** Bundles go both ways between this package and Python's torch, pickle, numpy and scikit-learn. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/artifacts/load.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { parsePickle } from "../../src/formats/pickle/parse.ts";
import { readTexts } from "../../src/formats/pickle/strings.ts";
import type { Dict } from "../../src/formats/pickle/values.ts";
import { parseTorch, type TorchTensor } from "../../src/formats/torch.ts";
import { describeGolden } from "../helpers/golden-sets.ts";
import { PYTHON_PICKLES, pythonPickle } from "../helpers/python-pickles.ts";
import { smallModel } from "../helpers/small-model.ts";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const script = fileURLToPath(new URL("make_pickles.py", import.meta.url));
const checker = fileURLToPath(new URL("check_bundle.py", import.meta.url));
const python = (...args: string[]): string =>
  execFileSync(PYTHON, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONIOENCODING: "utf8", PYTHONWARNINGS: "ignore" },
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-interop-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeGolden("bundles saved here open in Python", (set) => {
  const entries = set.bundles
    .map(({ entry }) => entry)
    .filter((entry) => entry !== "external/model_manifest.json");

  test.each(entries)("%s has no findings and predicts the same", async (entry) => {
    const { model } = await loadModel(set.path(entry));
    const home = join(folder, set.name, entry);
    await saveModel(model, join(home, "copy.pth"), {
      referencePath: entry.startsWith("gz/") ? join(home, "refs/copy.pkl.gz") : undefined,
    });
    const manifest = join(home, "copy_manifest.json");
    expect(python(checker, manifest)).toContain("0 findings");
    const query = set.path("query.h5ad");
    const mine = python(checker, manifest, "--adata", query);
    const original = set.path(entry.replace(/\.pth$/, "_manifest.json"));
    if (existsSync(original)) expect(mine).toBe(python(checker, original, "--adata", query));
    else expect(entry).toMatch(/^(legacy_no_manifest|moved)\//);
  });
});

describe("values keep their Python kind", () => {
  test("a small model with every part", async () => {
    const path = join(folder, "small", "model.pth");
    await saveModel(smallModel(), path);
    const seen = JSON.parse(python(script, "dump", path.replace(".pth", "_manifest.json")));
    expect(seen.model).toMatchObject({
      input_size: 3,
      num_classes: [2, 3],
      hidden_sizes: [2],
      dropout_rate: "float 0.0",
      coord_dims: { umap: 1 },
    });
    expect(seen.model.parent_conditioned_child_correction).toMatchObject({
      enabled: true,
      parent_head_index: 0,
      residual_scale: "float 1.0",
      hotspot_child_indices: { 1: [0, 2] },
    });
    expect(Object.keys(seen.model.state_dict)).toContain("child_correction_modules.1.3.weight");
    expect(seen.metadata.label_encoders.level2).toEqual({
      class: "sklearn.preprocessing._label.LabelEncoder",
      classes: { dtype: "object", shape: [3], values: ["a", "\uffee", "😀"] },
    });
    expect(seen.metadata).toMatchObject({
      train_genes: ["g1", "__proto__", "g3"],
      reference_path: null,
      reference_storage: "external",
      latent_source: "internal_preferred",
      coord_stats: { umap: { mean: { dtype: "float32", shape: [1] } } },
    });
    expect(seen.metadata.train_config).toMatchObject({
      preset: null,
      num_epochs: 3,
      dropout_rate: "float 0.0",
      temperatures: { level1: "float 1.0" },
    });
    expect(seen.reference.labels.level1).toEqual({
      dtype: "object",
      shape: [4],
      values: ["B", "T", "T", null],
    });
    expect(seen.reference.coords.X_ref_latent_internal).toMatchObject({ dtype: "float32", shape: [4, 2] });
  });
});

describe("what Python writes is read", () => {
  test("tensors of every dtype, stride and view", async () => {
    const path = join(folder, "tensors.pth");
    const expected = JSON.parse(python(script, "tensors", path)) as Record<string, [number[], number[]]>;
    const root = parseTorch(await readFile(path)) as unknown as Map<string, Map<string, TorchTensor>>;
    const tensors = root.get("tensors")!;
    expect([...tensors.keys()]).toEqual(Object.keys(expected));
    for (const [name, { shape, data }] of tensors) {
      expect([name, shape]).toEqual([name, expected[name][0]]);
      expect([name, Array.from(data)]).toEqual([name, expected[name][1].map(Math.fround)]);
    }
  });

  test("pickles of this Python's numpy, scikit-learn and pandas agree with those of the unit tests", () => {
    const lines = python(script, "pickles").trim().split("\n");
    expect(lines.length).toBeGreaterThan(9);
    for (const line of lines) {
      const [name, base64] = line.split(" ") as [keyof typeof PYTHON_PICKLES, string];
      expect(PYTHON_PICKLES).toHaveProperty(name);
      const bytes = new Uint8Array(Buffer.from(base64, "base64"));
      // A list that contains itself is refused, whichever Python wrote it.
      if (name === "loop") {
        expect(() => parsePickle(bytes)).toThrow(expect.objectContaining({ code: "BAD_FORMAT" }));
        continue;
      }
      const value = parsePickle(bytes);
      if (name.startsWith("columns")) {
        const known = parsePickle(pythonPickle(name)) as Dict;
        for (const [column, values] of value as Dict)
          expect([column, readTexts(values)]).toEqual([column, readTexts(known.get(column)!)]);
      } else if (!name.startsWith("pandas") && !name.startsWith("encoder"))
        expect(value).toEqual(parsePickle(pythonPickle(name)));
    }
  });
});
