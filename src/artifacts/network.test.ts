import { expect, test } from "vitest";
import { joinPieces } from "../../test/helpers/memory-store.ts";
import { smallModel } from "../../test/helpers/small-model.ts";
import type { Dict, OrderedDict, PickleValue } from "../formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../formats/torch.ts";
import { emitNetwork, parseNetwork } from "./network.ts";

/** The stored network of the small model with some of its keys and tensors changed. */
function changed(
  change: (payload: Map<PickleValue, PickleValue>, state: OrderedDict) => void,
): ReturnType<typeof parseNetwork> {
  const payload = new Map(parseTorch(joinPieces(emitNetwork(smallModel()))) as unknown as Dict);
  change(payload, payload.get("state_dict") as OrderedDict);
  return parseNetwork(joinPieces(emitTorch(payload)));
}

const zeros = (...shape: number[]): TorchTensor =>
  new TorchTensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

test("coord_dims that are not stored are those of the first version", () => {
  const network = changed((payload, state) => {
    payload.delete("coord_dims");
    for (const [name, dim] of [
      ["latent", 16],
      ["umap", 2],
    ] as const) {
      state.set(`coord_heads.${name}.weight`, zeros(dim, 2));
      state.set(`coord_heads.${name}.bias`, zeros(dim));
    }
  });
  expect(network.coordNames).toEqual(["latent", "umap"]);
  expect(network.shape.coordDims).toEqual([16, 2]);
});

test("tensors that no part uses are named", () => {
  const network = changed((_, state) => state.set("domain_head.weight", zeros(1)));
  expect(network.unusedTensors).toEqual(["domain_head.weight"]);
});

test.each([null, new Map(), new Map([["enabled", false]])])("a child correction of %o is none", (config) => {
  const network = changed((payload) => payload.set("parent_conditioned_child_correction", config));
  expect(network.childCorrection).toBeNull();
});

test("a dropout rate written as an int is read", () => {
  expect(changed((payload) => payload.set("dropout_rate", 0)).dropoutRate).toBe(0);
});

test("a tensor of another shape is refused with both shapes", () => {
  expect(() => changed((_, state) => state.set("encoder.0.weight", zeros(3, 2)))).toThrow(
    expect.objectContaining({
      code: "MISMATCH",
      where: "state_dict › encoder.0.weight",
      message: "the tensor has shape [3, 2]; the architecture asks for [2, 3]",
    }),
  );
});

test("child correction modules must fit the features of their mode", () => {
  expect(() =>
    changed((payload) =>
      (payload.get("parent_conditioned_child_correction") as Map<string, string>).set(
        "feature_mode",
        "reranker_like",
      ),
    ),
  ).toThrow(expect.objectContaining({ code: "MISMATCH" }));
});
