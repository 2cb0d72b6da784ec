import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Examined, examineMachine } from "./examine.ts";
import { OLDEST_NODE, problemsOf } from "./problems.ts";

const GOOD: Examined = {
  program: { path: "~/atlasmtl/dist/bin/main.js", codeSha256: "ab".repeat(32), gitCommit: null },
  node: { version: "22.9.0", v8: "12.4", path: "/usr/bin/node" },
  system: { os: "Linux", release: "6.1", arch: "x64", endianness: "LE", model: "x", cores: 4, processors: 2 },
  engine: { name: "wasm", threads: 2, sharedBytes: 2 ** 32, error: null },
  memory: { totalBytes: 16e9, availableBytes: 8e9, limitBytes: null, heapLimitBytes: 4e9 },
  hdf5: { filters: ["gzip", "bzip2", "lzf", "blosc", "lz4", "bitshuffle", "zstd", "blosc2"], error: null },
  folders: [
    { role: "this folder", path: "~/work", freeBytes: 1e12, error: null },
    { role: "temporary", path: "/tmp", freeBytes: 1e10, error: null },
  ],
  environment: [],
};

test("a machine on which all works has no problem", () => {
  expect(problemsOf(GOOD)).toEqual([]);
});

test("this machine reads and writes by every filter, and leaves no file", async () => {
  const examined = await examineMachine();
  expect(examined.hdf5).toEqual({ filters: GOOD.hdf5.filters, error: null });
  expect(examined.engine).toMatchObject({ error: null, sharedBytes: expect.any(Number) });
  expect(examined.engine.threads).toBeGreaterThan(0);
  expect(examined.folders.map(({ error }) => error)).toEqual([null, null]);
});

test.each<[what: RegExp, Partial<Examined>]>([
  [/^Node is 20\.18\.3, expected 20\.19\.0/, { node: { ...GOOD.node, version: "20.18.3" } }],
  [/big-endian/, { system: { ...GOOD.system, endianness: "BE" } }],
  [
    /engine does not start: no SIMD/,
    { engine: { name: null, threads: 0, sharedBytes: null, error: "no SIMD" } },
  ],
  [/no shared memory/, { engine: { name: "wasm", threads: 2, sharedBytes: null, error: null } }],
  [/128 MB of memory/, { memory: { ...GOOD.memory, limitBytes: 128e6 } }],
  [/100 MB of memory/, { memory: { ...GOOD.memory, availableBytes: 100e6 } }],
  [/HDF5 does not work: broken/, { hdf5: { filters: [], error: "broken" } }],
  [/only these work: gzip$/, { hdf5: { filters: ["gzip"], error: null } }],
  [
    /written to ~\/work: permission denied/,
    { folders: [{ ...GOOD.folders[0], error: "permission denied" }, GOOD.folders[1]] },
  ],
  [/^\/tmp has 3 MB free/, { folders: [GOOD.folders[0], { ...GOOD.folders[1], freeBytes: 3e6 }] }],
])("%s is a problem, with what to do", (what, change) => {
  const problems = problemsOf({ ...GOOD, ...change });
  expect(problems).toHaveLength(1);
  expect(problems[0].what).toMatch(what);
  expect(problems[0].fix).toMatch(/^[a-z].{10}/);
});

test.each(["20.19.0", "20.20.1", "22.0.0", "24.1.0", "100.0.0"])("Node %s is new enough", (version) => {
  expect(problemsOf({ ...GOOD, node: { ...GOOD.node, version } })).toEqual([]);
});

test("the oldest Node is the one that package.json names", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  expect(`${engines.node}.0`).toBe(`>=${OLDEST_NODE}`);
});
