import fc from "fast-check";
import { expect, test } from "vitest";
import {
  dropoutLayerKey,
  dropoutThreshold,
  hash32,
  permutation,
  randomBelow,
  randomUniform,
  streamKey,
} from "./rng.ts";

test("the same seed, stream and counter give the same number, for ever", () => {
  expect(hash32(1)).toBe(1753845952);
  expect(streamKey(42, "init")).toBe(streamKey(42, "init"));
  expect(streamKey(42, "init")).not.toBe(streamKey(43, "init"));
  expect(streamKey(42, "init")).not.toBe(streamKey(42, "shuffle"));
  expect(streamKey(42, "init")).not.toBe(streamKey(42 + 2 ** 32, "init"));
});

test("a permutation holds every number once", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 500 }), (key, n) => {
      expect([...permutation(key, n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
    { numRuns: 50 },
  );
});

test("uniform draws fill [0, 1) evenly and their mean is a half", () => {
  const key = streamKey(7, "test");
  const n = 100_000;
  const bins = new Array(10).fill(0);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const u = randomUniform(key, i);
    expect(u >= 0 && u < 1).toBe(true);
    bins[Math.floor(u * 10)]++;
    sum += u;
  }
  expect(Math.abs(sum / n - 0.5)).toBeLessThan(0.005);
  for (const count of bins) expect(Math.abs(count - n / 10)).toBeLessThan(500);
});

test("a bounded draw stays below its bound and reaches every value", () => {
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(randomBelow(99, i, 7));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("dropout drops the asked share in every layer and step", () => {
  for (const step of [1, 2, 1000])
    for (const layer of [0, 1]) {
      const key = dropoutLayerKey(streamKey(1, "dropout"), step, layer);
      const threshold = dropoutThreshold(0.3);
      let dropped = 0;
      for (let e = 0; e < 65536; e++) if (hash32((key + e) | 0) < threshold) dropped++;
      expect(Math.abs(dropped / 65536 - 0.3)).toBeLessThan(0.01);
    }
});
