import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DemoSummary, runDemo } from "./demo.ts";
import { openAnnData, type WorkOptions } from "./index.ts";

const small = { nReference: 500, nQuery: 150, nGenes: 400, nStates: 21, unseenShare: 0.2 } as const;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
});
afterAll(() => rm(folder, { recursive: true }));

let first: DemoSummary | undefined;
const run = (name: string, work?: WorkOptions) =>
  runDemo(
    { folder: join(folder, name), simulation: { ...small, unseenState: "Mast cell" }, numEpochs: 8 },
    work,
  );

test("the demonstration leaves its files and scores what is in them", async () => {
  const phases = new Set<string>();
  const summary = await run("first", { onProgress: ({ phase }) => phases.add(phase) });
  first = summary;
  expect((await readdir(join(folder, "first"))).sort()).toEqual([
    "annotated.h5ad",
    "model",
    "predictions.csv",
    "query.h5ad",
    "reference.h5ad",
    "report.html",
  ]);
  expect([...phases]).toEqual(expect.arrayContaining(["write", "train"]));
  expect(summary.levels.map(({ column }) => column)).toEqual(["lineage", "class", "type", "state"]);
  // Only lineages are easy for a network this small and this little data.
  expect(summary.levels[0].known.coveredAccuracy).toBeGreaterThan(0.8);
  expect(summary.levels[0].all.nTotal).toBe(150);
  expect(summary.unseen.type).toBe("Mast cell");
  expect(summary.levels[0].known.nTotal).toBe(150 - summary.unseen.nCells);
  expect(summary.told.labels.map(({ unknownBy }) => unknownBy === undefined)).toEqual([
    false,
    false,
    false,
    false,
  ]);

  // The numbers come from the annotated file: count them there again.
  const annotated = await openAnnData(summary.files.annotated);
  const read = async (name: string) => {
    const column = await annotated.obs.column(name);
    if (column.kind !== "categorical") throw new Error(`${name} is ${column.kind}`);
    return Array.from(column.codes, (code) => column.categories[code]);
  };
  const [truth, final] = await Promise.all([read("state"), read("pred_state")]);
  const unseen = truth.map((label) => label === "Mast cell");
  expect(unseen.filter(Boolean)).toHaveLength(summary.unseen.nCells);
  expect(final.filter((label, i) => unseen[i] && label === "Unknown")).toHaveLength(summary.unseen.nUnknown);
  const right = truth.filter((label, i) => !unseen[i] && label === final[i]).length;
  expect(summary.levels[3].known.accuracy).toBe(right / (150 - summary.unseen.nCells));
  await annotated.close();
});

test("another run gives the same model and the same predictions, byte for byte", async () => {
  const [a, b] = [first ?? (await run("first")), await run("again")];
  expect(b.levels).toEqual(a.levels);
  expect(b.told).toEqual(a.told);
  // HDF5 files record when their arrays were made, to the second.
  for (const file of ["model", "predictions"] as const)
    expect((await readFile(b.files[file])).equals(await readFile(a.files[file])), file).toBe(true);
});

test("a query without an unseen type works", async () => {
  const summary = await runDemo({
    folder: join(folder, "plain"),
    simulation: { ...small, nStates: 6, unseenState: null },
    numEpochs: 2,
  });
  expect(summary.unseen).toEqual({ type: null, nCells: 0, nUnknown: 0 });
  expect(summary.levels[3].all).toEqual(summary.levels[3].known);
});

test("stopping leaves no partial file", async () => {
  const stopped = runDemo(
    { folder: join(folder, "stopped"), simulation: small },
    { signal: AbortSignal.abort() },
  );
  await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
  expect(await readdir(folder)).not.toContain("stopped");
});
