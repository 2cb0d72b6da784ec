import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgress, progressLine } from "./progress-bar.ts";

const common = { quiet: false, json: false, progress: null, debug: false };
const figures = { train_loss: 0.123456, val_loss: 0.2, learning_rate: 0.001, cells_per_second: 12_345 };
const best = { phase: "train", part: "network 2 of 5", done: 52.3, total: 200, figures };

let written = "";
let clock = 0;
beforeEach(() => {
  [written, clock] = ["", 0];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test("a line of 80 columns has what is done, the network and the time left, and the figures there is room for", () => {
  expect(progressLine(best, 185, 80)).toBe(
    "train network 2 of 5 ███░░░░░░░ 52.3/200  3 min 05 s left  train loss 0.123",
  );
  expect(progressLine(best, null, 80)).not.toContain("left");
  expect(progressLine(best, 185, 200)).toMatch(
    /3 min 05 s left {2}train loss 0\.123 .* cells per second 12345$/,
  );
});

test("no line fills the terminal, and none of 60 columns loses the time left", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 60, max: 240 }),
      (total, share, seconds, columns) => {
        const line = progressLine({ ...best, done: share * total, total }, seconds, columns);
        expect(line.length).toBeLessThan(columns);
        expect(line).toMatch(/ left( {2}|$)/);
      },
    ),
  ));

/** Reports a phase of `steps` equal parts that takes `seconds`. */
function work(
  phase: string,
  steps: number,
  seconds: number,
  report: ReturnType<typeof createProgress>["report"],
): void {
  for (let done = 0; done <= steps; done++) {
    report({ phase, done, total: steps });
    clock += seconds / steps;
  }
}

test("where stderr is no terminal, long work tells that it goes on, and short work says nothing", () => {
  const { report } = createProgress(common, () => clock);
  work("read", 1000, 20, report);
  expect(written).toBe("");
  work("train", 40, 1200, report);
  const lines = written.trim().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(20);
  expect(lines.every((line) => /^train \d+\/40$/.test(line))).toBe(true);
});

test("lines come with the work, not with the number of reports", () => {
  const { report } = createProgress(common, () => clock);
  work("predict", 1_000_000, 3600, report);
  expect(written.trim().split("\n").length).toBeLessThanOrEqual(100);
});

test.each([
  ["--no-progress", { ...common, progress: false }],
  ["--quiet", { ...common, quiet: true, progress: true }],
])("%s says nothing", (_flag, options) => {
  work("train", 40, 1200, createProgress(options, () => clock).report);
  expect(written).toBe("");
});

test("--progress says where a phase begins and ends, with the part", () => {
  const { report } = createProgress({ ...common, progress: true }, () => clock);
  report({ ...best, done: 0 });
  report({ ...best, done: 1 });
  report({ ...best, done: 200 });
  expect(written).toBe(
    "train network 2 of 5 0/200  train loss 0.123  val loss 0.200  learning rate 0.00100  cells per second 12345\n" +
      "train network 2 of 5 200/200  train loss 0.123  val loss 0.200  learning rate 0.00100  cells per second 12345\n",
  );
});
