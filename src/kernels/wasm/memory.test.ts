import { expect, test } from "vitest";
import { trainingProblem } from "../../../test/helpers/kernels.ts";
import { createWasmEngine } from "./engine.ts";
import { createArena } from "./memory.ts";

test("regions are aligned, zeroed and used again", () => {
  const arena = createArena(new WebAssembly.Memory({ initial: 1, maximum: 100 }));
  const a = arena.allocate(100, "a");
  const b = arena.allocate(1, "b");
  expect(a.address % 64).toBe(0);
  expect(b.address).toBe(a.address + 128);
  arena.views().u8.fill(7, a.address, a.address + 100);
  arena.release(a);
  const c = arena.allocate(64, "c");
  const d = arena.allocate(64, "d");
  expect([c.address, d.address]).toEqual([a.address, a.address + 64]);
  expect(
    arena
      .views()
      .u8.slice(c.address, d.address + 64)
      .every((byte) => byte === 0),
  ).toBe(true);
  for (const region of [d, b, c]) arena.release(region);
  expect(arena.allocate(200, "e").address).toBe(a.address);
});

test("what cannot fit is a LIMIT with its size, and nothing is allocated", async () => {
  const engine = await createWasmEngine();
  const before = engine.session.arena.memory.buffer.byteLength;
  const shape = { nGenes: 200_000, hiddenSizes: [4096], nClasses: [2], coordDims: [] };
  const problem = trainingProblem(1, { ...shape, nGenes: 2, hiddenSizes: [2] }, 4);
  const linear = { nIn: 200_000, nOut: 4096, weight: new Float32Array(0), bias: new Float32Array(0) };
  const options = {
    ...problem,
    shape,
    initial: { ...problem.initial, encoder: [linear] },
    data: { ...problem.data, x: { ...problem.data.x, nCols: 200_000 } },
  };
  await expect(engine.createTrainer(options)).rejects.toMatchObject({
    code: "LIMIT",
    message: expect.stringMatching(/needs 9,\d{3} MiB.*4,096 MiB/),
  });
  expect(engine.session.arena.memory.buffer.byteLength).toBe(before);
  engine.dispose();
});

test("a host that grants no more memory is a LIMIT", () => {
  const arena = createArena(new WebAssembly.Memory({ initial: 1, maximum: 2 }));
  expect(() => arena.allocate(10 * 65536, "the network")).toThrowError(
    expect.objectContaining({ code: "LIMIT" }),
  );
});

test("networks of one engine live side by side and give their memory back", async () => {
  const engine = await createWasmEngine();
  const shape = { nGenes: 40, hiddenSizes: [8], nClasses: [3], coordDims: [] };
  const problem = trainingProblem(2, shape, 20);
  const order = Uint32Array.from({ length: 20 }, (_, i) => i);
  const first = await engine.createTrainer(problem);
  const alone = await first.runEpoch(order, { learningRate: 1e-3 });
  const used = engine.session.arena.memory.buffer.byteLength;
  first.dispose();
  const second = await engine.createTrainer(problem);
  const inference = await engine.createInference(shape, problem.initial);
  const index = await engine.createKnnIndex({ nRows: 5000, nCols: 40, data: new Float32Array(200_000) });
  expect(await second.runEpoch(order, { learningRate: 1e-3 })).toEqual(alone);
  expect((await inference.run(problem.data.x)).nRows).toBe(20);
  for (const part of [second, inference, index]) part.dispose();
  const third = await engine.createTrainer(problem);
  expect(await third.runEpoch(order, { learningRate: 1e-3 })).toEqual(alone);
  expect(used).toBeLessThanOrEqual(engine.session.arena.memory.buffer.byteLength);
  engine.dispose();
});
