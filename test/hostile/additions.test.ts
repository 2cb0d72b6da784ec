/** Component spaces and linear views that contradict themselves, their model or their manifest. */
import { expect, test } from "vitest";
import type { AnnData } from "../../src/anndata/types.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { Float } from "../../src/core/config.ts";
import { AtlasmtlError } from "../../src/errors.ts";
import type { PickleValue } from "../../src/formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../../src/formats/torch.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import type { Model } from "../../src/model/types.ts";
import { predict } from "../../src/predict/predict.ts";
import { memoryAnnData } from "../helpers/memory-anndata.ts";
import { joinPieces, type MemoryStore, memoryStore } from "../helpers/memory-store.ts";
import { csr } from "../helpers/predict-fixtures.ts";
import { smallAdditions, smallModel } from "../helpers/small-model.ts";

const engine = await createWasmEngine({ numThreads: 1 });

const SPACE = "model_space.pt";
const VIEWS = "model_views.pt";
const MANIFEST = "model_manifest.json";

type Dict = Map<PickleValue, PickleValue>;
type Step = string | number;

async function saved(changes: Partial<Model> = {}): Promise<MemoryStore> {
  const store = memoryStore();
  await saveModel(smallModel({ ...smallAdditions(), ...changes }), "model.pth", { store });
  return store;
}

/** What opening the bundle ends with; checksums do not stop what was changed. */
async function opened(store: MemoryStore): Promise<{ code: string; where?: string | undefined }> {
  try {
    await loadModel("model.pth", { store, verifyChecksums: false });
    return { code: "none" };
  } catch (error) {
    if (!(error instanceof AtlasmtlError)) throw error;
    expect(error.subject).toBe("artifact");
    return { code: error.code, where: error.where };
  }
}

/** A bundle in whose file `name` the value at `path` is `value`; undefined takes the key away. */
async function changed(
  name: string,
  path: readonly Step[],
  value: PickleValue | undefined,
): Promise<MemoryStore> {
  const store = await saved();
  const root = parseTorch(store.files.get(name)!);
  const parent = path
    .slice(0, -1)
    .reduce<PickleValue>(
      (at, step) => (at instanceof Map ? at.get(step)! : (at as PickleValue[])[step as number]),
      root,
    );
  const last = path[path.length - 1];
  if (!(parent instanceof Map)) (parent as PickleValue[])[last as number] = value!;
  else if (value === undefined) (parent as Dict).delete(last);
  else (parent as Dict).set(last, value);
  store.files.set(name, joinPieces(emitTorch(root)));
  return store;
}

const tensor = (shape: readonly number[], ...numbers: number[]): TorchTensor => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.25);
  data.set(numbers);
  return new TorchTensor(shape, data);
};
const { NaN: NAN, POSITIVE_INFINITY: INFINITY } = Number;

/** Where the file is wrong, if it is not the last key of the path. */
type Row = readonly [
  what: string,
  path: readonly Step[],
  value: PickleValue | undefined,
  code: string,
  where?: string,
];

const VIEW = ["views", 1] as const;
const HEAD = [...VIEW, "heads", 1] as const;
const IN_HEAD = "views[1] › heads[1] › ";
const RUNG = ["ladder", 0] as const;
const DOUBT = [...RUNG, "doubted"] as const;
const IN_DOUBT = "ladder[0] › doubted › ";

const COMPONENTS = (at: readonly Step[], within: string, nComponents: number): readonly Row[] => [
  ["scales of fewer genes", [...at, "scale"], tensor([2]), "MISMATCH", `${within}scale`],
  ["a scale that is NaN", [...at, "scale"], tensor([3], 1, NAN), "BAD_DATA", `${within}scale[1]`],
  ["an infinite cap", [...at, "cap"], tensor([3], INFINITY), "BAD_DATA", `${within}cap[0]`],
  ["centres in two dimensions", [...at, "centre"], tensor([3, 1]), "MISMATCH", `${within}centre`],
  [
    "loadings the other way round",
    [...at, "loadings"],
    tensor([nComponents, 3]),
    "MISMATCH",
    `${within}loadings`,
  ],
  [
    "a loading that is NaN",
    [...at, "loadings"],
    tensor([3, nComponents], NAN),
    "BAD_DATA",
    `${within}loadings[0]`,
  ],
  ["a variance of 0", [...at, "variances"], tensor([nComponents], 0), "BAD_DATA", `${within}variances[0]`],
  [
    "a negative variance",
    [...at, "variances"],
    tensor([nComponents], -1),
    "BAD_DATA",
    `${within}variances[0]`,
  ],
  ["noise below 0", [...at, "noise_variance"], new Float(-1), "BAD_DATA", `${within}noise_variance`],
  ["noise that is NaN", [...at, "noise_variance"], new Float(NAN), "BAD_DATA", `${within}noise_variance`],
  [
    "noise beyond float32",
    [...at, "noise_variance"],
    new Float(1e300),
    "BAD_DATA",
    `${within}noise_variance`,
  ],
  ["no components", [...at, "n_components"], 0, "BAD_DATA", `${within}n_components`],
  ["a million components", [...at, "n_components"], 1e6, "MISMATCH", `${within}loadings`],
  [
    "components that are a float",
    [...at, "n_components"],
    new Float(1),
    "BAD_FORMAT",
    `${within}n_components`,
  ],
];

const VIEWS_ROWS: readonly Row[] = [
  ["a newer version", ["views_version"], 2, "UNSUPPORTED"],
  ["version 0", ["views_version"], 0, "BAD_DATA"],
  ["no version", ["views_version"], undefined, "BAD_FORMAT"],
  ["another transform of the network", ["network_input_transform"], "square", "UNSUPPORTED"],
  ["views within views", ["network_input_transform"], "network_and_linear_views", "UNSUPPORTED"],
  ["unknown values", ["values"], "scaled", "UNSUPPORTED"],
  ["values that are a number", ["values"], 1, "BAD_FORMAT"],
  ["more genes than their tensors", ["n_genes"], 4, "MISMATCH", "gene_shares"],
  ["2^40 genes", ["n_genes"], 2 ** 40, "MISMATCH", "gene_shares"],
  ["no genes", ["n_genes"], 0, "BAD_DATA"],
  ["shares of fewer genes", ["gene_shares"], tensor([2]), "MISMATCH"],
  ["a negative share", ["gene_shares"], tensor([3], 0, -0.5), "BAD_DATA", "gene_shares[1]"],
  ["a share above 1", ["gene_shares"], tensor([3], 1.5), "BAD_DATA", "gene_shares[0]"],
  ["a share that is NaN", ["gene_shares"], tensor([3], NAN), "BAD_DATA", "gene_shares[0]"],
  ["shares that are a list", ["gene_shares"], [1, 0, 0], "BAD_FORMAT"],
  ["a temperature too few", ["network_temperatures"], [new Float(1)], "MISMATCH"],
  ["temperatures that are a number", ["network_temperatures"], 1, "BAD_FORMAT"],
  ...[0, -1, NAN, INFINITY].flatMap((wrong): readonly Row[] => [
    [
      `a network's temperature of ${wrong}`,
      ["network_temperatures", 1],
      new Float(wrong),
      "BAD_DATA",
      "network_temperatures[1]",
    ],
    [
      `a temperature of ${wrong}`,
      [...HEAD, "temperature"],
      new Float(wrong),
      "BAD_DATA",
      `${IN_HEAD}temperature`,
    ],
  ]),
  ["a temperature of text", [...HEAD, "temperature"], "1", "BAD_FORMAT", `${IN_HEAD}temperature`],
  ["no temperature", [...HEAD, "temperature"], undefined, "BAD_FORMAT", `${IN_HEAD}temperature`],
  ["no views", ["views"], [], "BAD_DATA"],
  ["views that are a dict", ["views"], new Map(), "BAD_FORMAT"],
  ["a view that is a number", ["views", 1], 7, "BAD_FORMAT", "views[1]"],
  ["an unknown input", [...VIEW, "input"], "square", "UNSUPPORTED", "views[1] › input"],
  ["an input of a prototype", [...VIEW, "input"], "__proto__", "UNSUPPORTED", "views[1] › input"],
  ["an input twice", [...VIEW, "input"], "log", "BAD_DATA", "views[1] › input"],
  ["no input", [...VIEW, "input"], undefined, "BAD_FORMAT", "views[1] › input"],
  ...COMPONENTS(VIEW, "views[1] › ", 1),
  ["a doubt that is text", [...RUNG, "doubted"], "a", "BAD_FORMAT", "ladder[0] › doubted"],
  ["an empty doubt", [...RUNG, "doubted"], new Map(), "BAD_FORMAT", `${IN_DOUBT}set_cells`],
  [
    "a network heavier than a view",
    [...DOUBT, "network_weight"],
    new Float(1.5),
    "BAD_DATA",
    `${IN_DOUBT}network_weight`,
  ],
  [
    "a weight that is NaN",
    [...DOUBT, "network_weight"],
    new Float(NAN),
    "BAD_DATA",
    `${IN_DOUBT}network_weight`,
  ],
  [
    "disagreements of one column",
    [...DOUBT, "disagreements"],
    [new Float(0)],
    "MISMATCH",
    `${IN_DOUBT}disagreements`,
  ],
  [
    "disagreements that are no shares",
    [...DOUBT, "disagreements"],
    [new Float(0), new Float(-2)],
    "BAD_DATA",
    `${IN_DOUBT}disagreements`,
  ],
  [
    "a doubt of another number of columns",
    [...DOUBT, "temperatures"],
    [new Float(1)],
    "MISMATCH",
    `${IN_DOUBT}set_cells`,
  ],
  ["no heads", [...VIEW, "heads"], [], "MISMATCH", "views[1] › heads"],
  ["heads that are text", [...VIEW, "heads"], "level1", "BAD_FORMAT", "views[1] › heads"],
  ["a head of another column", [...HEAD, "column"], "level3", "MISMATCH", "views[1] › heads"],
  ["a head of a number", [...HEAD, "column"], 2, "BAD_FORMAT", `${IN_HEAD}column`],
  ["weights of fewer classes", [...HEAD, "weights"], tensor([3, 2]), "MISMATCH", `${IN_HEAD}weights`],
  ["weights of fewer genes", [...HEAD, "weights"], tensor([2, 3]), "MISMATCH", `${IN_HEAD}weights`],
  [
    "weights that are NaN",
    [...HEAD, "weights"],
    tensor([3, 3], 0, 0, NAN),
    "BAD_DATA",
    `${IN_HEAD}weights[2]`,
  ],
  [
    "weights that are infinite",
    [...HEAD, "weights"],
    tensor([3, 3], INFINITY),
    "BAD_DATA",
    `${IN_HEAD}weights[0]`,
  ],
  ["weights that are a list", [...HEAD, "weights"], [], "BAD_FORMAT", `${IN_HEAD}weights`],
  [
    "intercepts that are NaN",
    [...HEAD, "intercepts"],
    tensor([3], NAN),
    "BAD_DATA",
    `${IN_HEAD}intercepts[0]`,
  ],
  [
    "intercepts in two dimensions",
    [...HEAD, "intercepts"],
    tensor([3, 1]),
    "MISMATCH",
    `${IN_HEAD}intercepts`,
  ],
  [
    "a head with a class too few",
    HEAD,
    new Map<PickleValue, PickleValue>([
      ["column", "level2"],
      ["temperature", new Float(1)],
      ["weights", tensor([3, 2])],
      ["intercepts", tensor([2])],
    ]),
    "MISMATCH",
    "views[1] › heads",
  ],
  [
    // One head whose name reads as the two of the model.
    "a head named as two",
    [...VIEW, "heads"],
    [
      new Map<PickleValue, PickleValue>([
        ["column", "level1 (2), level2"],
        ["temperature", new Float(1)],
        ["weights", tensor([3, 3])],
        ["intercepts", tensor([3])],
      ]),
    ],
    "MISMATCH",
    "views[1] › heads",
  ],
];

const COLUMN = ["columns", 1] as const;

const SPACE_ROWS: readonly Row[] = [
  ["a newer version", ["space_version"], 2, "UNSUPPORTED"],
  ["unknown values", ["values"], "scaled", "UNSUPPORTED"],
  ["more genes than its tensors", ["n_genes"], 4, "MISMATCH", "scale"],
  ["a share below 0", ["gene_shares"], tensor([3], -1), "BAD_DATA", "gene_shares[0]"],
  ["a median of counts below 0", ["median_counts"], new Float(-1), "BAD_DATA"],
  ["an infinite median of counts", ["median_counts"], new Float(INFINITY), "BAD_DATA"],
  ...COMPONENTS([], "", 2),
  ["no columns", ["columns"], [], "MISMATCH"],
  ["a column of another model", [...COLUMN, "column"], "level3", "MISMATCH", "columns"],
  ["the same column twice", [...COLUMN, "column"], "level1", "MISMATCH", "columns"],
  [
    "means of fewer classes",
    [...COLUMN, "class_means"],
    tensor([2, 2]),
    "MISMATCH",
    "columns[1] › class_means",
  ],
  [
    "an infinite mean",
    [...COLUMN, "class_means"],
    tensor([3, 2], INFINITY),
    "BAD_DATA",
    "columns[1] › class_means[0]",
  ],
  ["half a mean", [...COLUMN, "class_means"], tensor([3, 2], NAN), "BAD_DATA", "columns[1] › class_means[1]"],
  [
    "a factor that is NaN",
    [...COLUMN, "covariance_factor"],
    tensor([2, 2], NAN),
    "BAD_DATA",
    "columns[1] › covariance_factor[0]",
  ],
  [
    "a factor that is not square",
    [...COLUMN, "covariance_factor"],
    tensor([2, 3]),
    "MISMATCH",
    "columns[1] › covariance_factor",
  ],
  [
    "falling distances",
    [...COLUMN, "held_out_distances"],
    tensor([3], 3, 2, 1),
    "BAD_DATA",
    "columns[1] › held_out_distances",
  ],
  [
    "quartiles that are NaN",
    [...COLUMN, "class_quartiles"],
    tensor([3], NAN),
    "BAD_DATA",
    "columns[1] › class_quartiles[0]",
  ],
  [
    "medians of fewer classes",
    [...COLUMN, "class_medians"],
    tensor([2]),
    "MISMATCH",
    "columns[1] › class_medians",
  ],
];

const cases = (rows: readonly Row[]) =>
  rows.map(([what, path, value, code, where = path.join(" › ")]) => ({ what, path, value, code, where }));

test("the bundle that the others are made of opens", async () => {
  expect(await opened(await saved())).toEqual({ code: "none" });
});

test.each(cases(VIEWS_ROWS))("linear views with $what", async ({ path, value, code, where }) => {
  expect(await opened(await changed(VIEWS, path, value))).toEqual({ code, where: `${VIEWS} › ${where}` });
});

test.each(cases(SPACE_ROWS))("a component space with $what", async ({ path, value, code, where }) => {
  expect(await opened(await changed(SPACE, path, value))).toEqual({ code, where: `${SPACE} › ${where}` });
});

test("views and components of a model of more genes are a mismatch", async () => {
  const trainGenes = [...smallModel().trainGenes, "g4"];
  const { shape, weights } = smallModel();
  const [first] = weights.encoder;
  const encoder = [{ ...first, nIn: 4, weight: new Float32Array(4 * first.nOut) }];
  const larger = { trainGenes, shape: { ...shape, nGenes: 4 }, weights: { ...weights, encoder } };
  expect(await opened(await saved({ ...larger, space: undefined }))).toEqual({
    code: "MISMATCH",
    where: `${VIEWS} › n_genes`,
  });
  expect(await opened(await saved({ ...larger, linear: undefined }))).toEqual({
    code: "MISMATCH",
    where: `${SPACE} › n_genes`,
  });
});

/** The bundle with other values in its manifest; undefined takes a key away. */
async function withManifest(
  changes: Record<string, unknown>,
  base: Partial<Model> = {},
): Promise<MemoryStore> {
  const store = await saved(base);
  const manifest = JSON.parse(new TextDecoder().decode(store.files.get(MANIFEST)));
  const text = JSON.stringify({ ...manifest, checksums: undefined, ...changes });
  store.files.set(MANIFEST, new TextEncoder().encode(text));
  return store;
}

test.each<[string, Record<string, unknown>, Partial<Model>, string, string]>([
  ["of views and no file", { views_path: undefined }, {}, "NOT_FOUND", `${MANIFEST} › input_transform`],
  [
    "of views for a bundle without",
    { input_transform: "network_and_linear_views" },
    { linear: undefined },
    "NOT_FOUND",
    `${MANIFEST} › input_transform`,
  ],
  [
    "of a network alone that drops the views",
    { input_transform: "binary", views_path: undefined },
    {},
    "NOT_FOUND",
    "model_metadata.pkl › input_transform",
  ],
  [
    "of a network alone beside views",
    { input_transform: "binary" },
    {},
    "MISMATCH",
    `${MANIFEST} › input_transform`,
  ],
  [
    "that leaves the transform to metadata of a network",
    { input_transform: undefined, views_path: VIEWS },
    { linear: undefined },
    "NOT_FOUND",
    VIEWS,
  ],
  ["of a file that is not there", { views_path: "elsewhere.pt" }, {}, "NOT_FOUND", "elsewhere.pt"],
  ["of the component space as views", { views_path: SPACE }, {}, "BAD_FORMAT", `${SPACE} › views_version`],
  ["of the views as component space", { space_path: VIEWS }, {}, "BAD_FORMAT", `${VIEWS} › space_version`],
  ["of the network as views", { views_path: "model.pth" }, {}, "BAD_FORMAT", "model.pth › views_version"],
])("a manifest %s", async (_, changes, base, code, where) => {
  expect(await opened(await withManifest(changes, base))).toEqual({ code, where });
});

test("a manifest without a transform leaves it to the metadata, which know of the views", async () => {
  expect(await opened(await withManifest({ input_transform: undefined }))).toEqual({ code: "none" });
});

test("without its manifest a bundle with views is not read in part", async () => {
  const store = await saved();
  store.files.delete(MANIFEST);
  expect(await opened(store)).toEqual({ code: "NOT_FOUND", where: "model_metadata.pkl › input_transform" });
});

/** The tensors in a file's value, by their place. */
function tensorsIn(value: PickleValue, at = ""): [string, TorchTensor][] {
  if (value instanceof TorchTensor) return [[at, value]];
  const parts = value instanceof Map || Array.isArray(value) ? [...value.entries()] : [];
  return parts.flatMap(([key, part]) => tensorsIn(part as PickleValue, `${at} › ${String(key)}`));
}

test("numbers at the ends of float32 give finite results or a typed error", async () => {
  const n = 60;
  const adata = memoryAnnData({
    x: csr(Array.from({ length: n }, (_, i) => [i % 5, (2 * i + 1) % 5, (3 * i) % 4])),
    genes: smallModel().trainGenes,
    obs: {},
  });
  const endings = new Set<string>();
  const store = await saved({ childCorrection: null });
  for (const name of [SPACE, VIEWS]) {
    const whole = store.files.get(name)!;
    const places = tensorsIn(parseTorch(whole)).map(([at]) => at);
    for (const place of places)
      for (const extreme of [3.4e38, -3.4e38, 1e-45]) {
        const root = parseTorch(whole.slice());
        new Map(tensorsIn(root)).get(place)!.data.fill(extreme);
        const spoilt = memoryStore([...store.files, [name, joinPieces(emitTorch(root))]]);
        const ending = await ofPrediction(spoilt, adata);
        expect(ending, `${name}${place} of ${extreme}`).toMatch(/^(finite|BAD_DATA)$/);
        endings.add(ending);
      }
  }
  expect([...endings].sort()).toEqual(["BAD_DATA", "finite"]);
});

/** Every number of a value that is none of a tensor, by its path. */
function placesOfNumbers(value: PickleValue, at: readonly Step[] = []): (readonly Step[])[] {
  if (value instanceof Float || typeof value === "number") return [at];
  if (Array.isArray(value))
    return value.flatMap((item, i) => placesOfNumbers(item as PickleValue, [...at, i]));
  if (!(value instanceof Map)) return [];
  return [...value].flatMap(([key, item]) => placesOfNumbers(item, [...at, key as Step]));
}

test("other numbers at the ends of float64 give finite results or a typed error", async () => {
  const n = 60;
  const adata = memoryAnnData({
    x: csr(Array.from({ length: n }, (_, i) => [i % 5, (2 * i + 1) % 5, (3 * i) % 4])),
    genes: smallModel().trainGenes,
    obs: {},
  });
  const whole = await saved({ childCorrection: null });
  let tried = 0;
  for (const name of [SPACE, VIEWS])
    for (const path of placesOfNumbers(parseTorch(whole.files.get(name)!.slice())))
      for (const extreme of [1.7e308, -1.7e308, 5e-324, 2 ** 53]) {
        const ending = await ofPrediction(await changed(name, path, new Float(extreme)), adata);
        expect(ending, `${name} › ${path.join(" › ")} of ${extreme}`).toMatch(/^(finite|[A-Z_]+)$/);
        tried++;
      }
  expect(tried).toBeGreaterThan(100);
});

const floatsIn = (value: unknown): number[] => {
  if (value instanceof Float) return [value.value];
  return value instanceof Map ? [...value.values()].flatMap(floatsIn) : [];
};

async function ofPrediction(store: MemoryStore, adata: AnnData): Promise<string> {
  try {
    const { model } = await loadModel("model.pth", { store, verifyChecksums: false });
    const { labels, metadata } = await predict(model, adata, { knnCorrection: "off" }, { engine });
    const numbers = [...labels.flatMap(({ conf }) => [...conf]), ...floatsIn(metadata)];
    return numbers.every(Number.isFinite) ? "finite" : "not finite";
  } catch (error) {
    if (!(error instanceof AtlasmtlError)) throw error;
    return error.code;
  }
}
