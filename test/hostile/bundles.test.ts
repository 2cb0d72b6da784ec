/** Whole bundles that are damaged or mean harm. */
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { parseMetadata } from "../../src/artifacts/bundle-metadata.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { parseNetwork } from "../../src/artifacts/network.ts";
import { parseReference } from "../../src/artifacts/reference.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { Float } from "../../src/core/config.ts";
import { NO_PAUSE } from "../../src/core/progress.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { emitPickle } from "../../src/formats/pickle/emit.ts";
import { NdArray, OrderedDict, type PickleValue } from "../../src/formats/pickle/values.ts";
import { emitTorch, TorchTensor } from "../../src/formats/torch.ts";
import { joinPieces, type MemoryStore, memoryStore } from "../helpers/memory-store.ts";
import { smallAdditions, smallModel } from "../helpers/small-model.ts";

const code = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return "none";
  } catch (error) {
    if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
    return error.code;
  }
};

const FILES = [
  "model.pth",
  "model_metadata.pkl",
  "model_reference.pkl",
  "model_space.pt",
  "model_views.pt",
  "model_manifest.json",
];

async function bundle(): Promise<MemoryStore> {
  const store = memoryStore();
  await saveModel(smallModel(smallAdditions()), "model.pth", { store });
  return store;
}

/** What opening everything in the bundle ends with. */
async function outcome(store: MemoryStore): Promise<string> {
  try {
    const { model } = await loadModel("model.pth", { store, verifyChecksums: false });
    await model.reference();
    return "none";
  } catch (error) {
    if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
    expect(error.subject).toBe("artifact");
    expect(error.where).toBeTruthy();
    return error.code;
  }
}

test.each(FILES)("%s cut off at any length is an error of the artifact, located in it", async (name) => {
  const store = await bundle();
  const whole = store.files.get(name)!;
  const step = Math.max(1, Math.floor(whole.length / 400));
  // A manifest whose last newline is missing is whole.
  for (let length = 0; length < whole.length - 1; length += step) {
    store.files.set(name, whole.subarray(0, length));
    expect(await outcome(store)).not.toBe("none");
  }
});

test.each(FILES)("%s with any byte changed loads or fails with one of our errors", async (name) => {
  const store = await bundle();
  const whole = store.files.get(name)!;
  const step = Math.max(1, Math.floor(whole.length / 600));
  for (let at = 0; at < whole.length; at += step) {
    const damaged = whole.slice();
    damaged[at] ^= 0x41;
    store.files.set(name, damaged);
    await outcome(store);
  }
});

test("code in any of the pickles is named and not run", async () => {
  const payload = new TextEncoder().encode("cos\nsystem\n(S'echo owned'\ntR.");
  expect(await code(() => parseMetadata(payload, NO_PAUSE))).toBe("UNSUPPORTED");
  expect(await code(() => parseReference(payload, NO_PAUSE))).toBe("UNSUPPORTED");
  expect(await code(() => parseReference(gzipSync(payload), NO_PAUSE))).toBe("UNSUPPORTED");
  expect(await code(() => parseNetwork(zipSync({ "model/data.pkl": payload })))).toBe("UNSUPPORTED");
});

test("a gzip bomb as a reference stops before it fills the memory", async () => {
  const bomb = gzipSync(new Uint8Array(400_000_000));
  expect(await code(() => parseReference(bomb, NO_PAUSE))).toBe("LIMIT");
});

test("a deflate bomb as a model is refused by what it declares", async () => {
  const bomb = zipSync({ "model/data.pkl": new Uint8Array(300_000_000) });
  expect(await code(() => parseNetwork(bomb))).toBe("LIMIT");
});

const network = (changes: Record<string, PickleValue>): Uint8Array => {
  const tensor = (...shape: number[]): TorchTensor =>
    new TorchTensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const payload = new Map<PickleValue, PickleValue>(
    Object.entries({
      state_dict: new OrderedDict([
        ["encoder.0.weight", tensor(2, 3)],
        ["encoder.0.bias", tensor(2)],
        ["label_heads.0.weight", tensor(2, 2)],
        ["label_heads.0.bias", tensor(2)],
      ]),
      input_size: 3,
      num_classes: [2],
      hidden_sizes: [2],
      dropout_rate: new Float(0.1),
      coord_dims: new Map(),
      parent_conditioned_child_correction: new Map(),
      ...changes,
    }),
  );
  return joinPieces(emitTorch(payload));
};

test.each<[string, Record<string, PickleValue>, string]>([
  ["nothing wrong", {}, "none"],
  ["a huge declared size", { input_size: 2 ** 40 }, "MISMATCH"],
  ["a size of zero", { input_size: 0 }, "BAD_DATA"],
  ["a size that is a float", { input_size: new Float(3) }, "BAD_FORMAT"],
  ["a million heads", { num_classes: new Array<number>(1_000_000).fill(2) }, "MISMATCH"],
  ["no hidden layer", { hidden_sizes: [] }, "BAD_DATA"],
  ["text as sizes", { hidden_sizes: "64" }, "BAD_FORMAT"],
  ["a dropout rate of NaN", { dropout_rate: new Float(Number.NaN) }, "BAD_DATA"],
  ["a head that is not there", { coord_dims: new Map([["umap", 2]]) }, "MISMATCH"],
  ["a state_dict that is a list", { state_dict: [] }, "BAD_FORMAT"],
  ["a state_dict of numbers", { state_dict: new Map([["encoder.0.weight", 1]]) }, "BAD_FORMAT"],
  ["a child correction of text", { parent_conditioned_child_correction: "on" }, "BAD_FORMAT"],
  [
    "a child correction of a head that is not there",
    { parent_conditioned_child_correction: new Map<PickleValue, PickleValue>([["parent_head_index", 7]]) },
    "BAD_DATA",
  ],
  [
    "a child correction without children",
    {
      parent_conditioned_child_correction: new Map<PickleValue, PickleValue>([
        ["parent_head_index", 0],
        ["child_head_index", 0],
        ["hotspot_child_indices", new Map([["__proto__", [0]]])],
      ]),
    },
    "BAD_DATA",
  ],
])("a network with %s", async (_, changes, expected) =>
  expect(await code(() => parseNetwork(network(changes)))).toBe(expected),
);

test.each<[string, PickleValue, string]>([
  ["a list", [], "BAD_FORMAT"],
  ["no labels", new Map([["coords", new Map()]]), "BAD_FORMAT"],
  ["text as coordinates", reference("abc"), "BAD_DATA"],
  ["one-dimensional coordinates", reference(new NdArray("f4", [2], Float32Array.of(1, 2))), "BAD_DATA"],
  [
    "coordinates without dimensions",
    reference(new NdArray("f4", [2 ** 40, 0], new Float32Array())),
    "BAD_DATA",
  ],
  ["coordinates that are NaN", reference(new NdArray("f4", [1, 1], Float32Array.of(Number.NaN))), "BAD_DATA"],
])("a reference of %s is refused", async (_, value, expected) => {
  expect(await code(() => parseReference(joinPieces(emitPickle(value)), NO_PAUSE))).toBe(expected);
});

function reference(coords: PickleValue): PickleValue {
  return new Map<PickleValue, PickleValue>([
    ["coords", new Map([["X_ref_latent_internal", coords]])],
    ["labels", new Map()],
  ]);
}

test("a newer manifest and a manifest with foreign paths are told apart from damage", async () => {
  const store = await bundle();
  const text = new TextDecoder().decode(store.files.get("model_manifest.json"));
  store.files.set(
    "model_manifest.json",
    new TextEncoder().encode(text.replace('"schema_version": 1', '"schema_version": 9')),
  );
  expect(await outcome(store)).toBe("UNSUPPORTED");
  store.files.set(
    "model_manifest.json",
    new TextEncoder().encode(text.replace('"model.pth"', '"/etc/shadow"')),
  );
  expect(await outcome(store)).toBe("NOT_FOUND");
});
