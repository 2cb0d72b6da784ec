import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { emitRun, trainingInputs } from "./runs.ts";

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-training-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (path: string, sha256: string) => ({ path, sizeBytes: 3, sha256 });
const record = (sha256: string, inputs: readonly string[]): Uint8Array =>
  emitRun({
    command: "train",
    inputs: inputs.map((path) => file(path, "12".repeat(32))),
    outputs: [file("other.pth", sha256), file("other_metadata.pkl", "34".repeat(32))],
    seeds: new Map(),
    gitCommit: null,
    argv: ["atlasmtl", "train"],
    startedAt: "2026-01-01T00:00:00.000Z",
    finishedAt: "2026-01-01T00:00:00.000Z",
    details: new Map(),
  });
const MODEL = "ab".repeat(32);
const files = [file("model.pth", MODEL), file("query.h5ad", "cd".repeat(32))];

test("what a model was trained on is told by the record beside it, if that record is of this very model", async () => {
  const model = join(folder, "model.pth");
  expect(await trainingInputs(model, files)).toEqual([]);
  // The plain name is of another model; that of the model's own name is of this one.
  writeFileSync(join(folder, "train_run_manifest.json"), record("ef".repeat(32), ["wrong.h5ad"]));
  expect(await trainingInputs(model, files)).toEqual([]);
  writeFileSync(join(folder, "model.train_run_manifest.json"), record(MODEL, ["atlas.h5ad"]));
  expect(await trainingInputs(model, files)).toEqual([
    { ...file("atlas.h5ad", "12".repeat(32)), role: "reference" },
  ]);
});

test("a record that cannot be read tells nothing and stops nothing", async () => {
  writeFileSync(join(folder, "model.train_run_manifest.json"), "{");
  expect(await trainingInputs(join(folder, "model.pth"), files)).toEqual([]);
});
