import { expect, test } from "vitest";
import { Float } from "../core/config.ts";
import { NdArray, type PickleValue, Tuple } from "../formats/pickle/values.ts";
import { fromConfig, toConfig } from "./config-values.ts";

test("whole numbers are floats under the keys that are floats in Python, ints elsewhere", () => {
  const config = new Map([
    ["num_epochs", 3],
    ["dropout_rate", 0],
    ["odd", 0.5],
  ]);
  const nested = fromConfig(new Map([["runtime_summary", { elapsed_seconds: 2, num_items: 2 }]]));
  expect(fromConfig(config)).toEqual(
    new Map<string, unknown>([
      ["num_epochs", 3],
      ["dropout_rate", new Float(0)],
      ["odd", new Float(0.5)],
    ]),
  );
  expect(nested).toEqual(
    new Map([
      [
        "runtime_summary",
        new Map<string, unknown>([
          ["elapsed_seconds", new Float(2)],
          ["num_items", 2],
        ]),
      ],
    ]),
  );
});

test("everything under a float key is a float: lists and dicts of weights", () => {
  expect(fromConfig({ task_weights: [1, 2], temperatures: { level: 1 } })).toEqual(
    new Map<string, unknown>([
      ["task_weights", [new Float(1), new Float(2)]],
      ["temperatures", new Map([["level", new Float(1)]])],
    ]),
  );
});

test("tuples, numpy arrays and int keys become settings", () => {
  const value = new Map<PickleValue, PickleValue>([
    ["sizes", new Tuple([1, 2])],
    ["matrix", new NdArray("f4", [2, 1], Float32Array.of(1, 2))],
    ["flags", new NdArray("b1", [2], Uint8Array.of(1, 0))],
    ["counts", new Map([[3, 4]])],
    ["huge", 2n ** 64n],
  ]);
  expect(toConfig(value)).toEqual(
    new Map<string, unknown>([
      ["sizes", [1, 2]],
      ["matrix", [[new Float(1)], [new Float(2)]]],
      ["flags", [true, false]],
      ["counts", new Map([["3", 4]])],
      ["huge", "18446744073709551616"],
    ]),
  );
});

test("shared parts stay shared both ways", () => {
  const shared = new Map<PickleValue, PickleValue>([["a", 1]]);
  const [a, b] = toConfig([shared, shared]) as unknown[];
  expect(a).toBe(b);
  const [c, d] = fromConfig([a as Map<string, number>, b as Map<string, number>]) as unknown[];
  expect(c).toBe(d);
});

test("a tree of shared parts that would grow without bound is refused at once", () => {
  let value: PickleValue = ["x"];
  for (let i = 0; i < 100; i++) value = [value, value];
  expect(() => toConfig(value)).toThrow(expect.objectContaining({ code: "LIMIT" }));
});

test("a loop is refused", () => {
  const loop: PickleValue[] = [];
  loop.push(loop);
  expect(() => toConfig(loop)).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
});

test("bytes are no setting", () => {
  expect(() => toConfig([new Uint8Array(2)])).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
});
