/** Copies into both containers hold what the dataset held, as the oldest and the newest anndata read it. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { preprocessReference, savePreprocessed } from "../../src/api/preprocess.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { ODD_SETS } from "../helpers/odd-sets.ts";
import { describeCurrent, PYTHON, runPython } from "../helpers/python.ts";
import { hasShared, sharedPath } from "../helpers/shared.ts";

const script = fileURLToPath(new URL("conversion_files.py", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-conversions-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

/** Every AnnData of both corpora. */
function corpus(): string[] {
  const folders = ODD_SETS.map((set) => set.folder);
  if (hasShared) folders.push(sharedPath("cases/files"));
  return folders.flatMap((at) =>
    readdirSync(at)
      .filter((name) => /\.(h5ad|zarr|zarr\.zip)$/.test(name))
      .filter((name) => name !== "mu.zarr" && name !== "sd.zarr")
      .map((name) => join(at, name)),
  );
}

type Job = readonly [original: string, copy: string, which: readonly string[], skip: readonly string[]];
type Answer = { readonly unreadable: string } | { readonly differences: readonly string[] };

const ALL = ["obs", "var", "X", "layers", "obsm", "varm", "obsp", "varp", "uns", "raw"];
/** What stays as it is when genes are chosen and named anew. */
const OF_CELLS = ["obs", "obsm", "obsp", "uns", "raw"];
const ADDED = ["/obs/pred_type", "/uns/atlasmtl_preprocess"];

/** A copy in each container, and what preprocessing makes of the dataset. */
async function convert(path: string, place: string, isEveryPair = false): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const ending of ["h5ad", "zarr"]) {
    const adata = await openAnnData(path);
    try {
      const copy = join(folder, `${place} copy.${ending}`);
      const labels = {
        kind: "categorical",
        codes: new Int32Array(adata.nObs),
        categories: ["T"],
        ordered: false,
      } as const;
      await writeDataset(adata, copy, { obs: new Map([["pred_type", labels]]) });
      jobs.push([path, copy, ALL, ADDED]);
      if (ending === "zarr" && !isEveryPair) continue;
      const chosen = join(folder, `${place} chosen.${ending}`);
      try {
        await savePreprocessed(chosen, await preprocessReference(adata, { nTopGenes: 50 }));
        jobs.push([path, chosen, OF_CELLS, ADDED]);
      } catch (error) {
        // No counts, or no genes of a known species.
        if (!isAtlasmtlError(error, "BAD_DATA")) throw error;
      }
    } finally {
      await adata.close();
    }
  }
  return jobs;
}

function differences(python: string, jobs: readonly Job[]): Record<string, readonly string[]> {
  const list = join(folder, "jobs.json");
  writeFileSync(list, JSON.stringify(jobs));
  const answers: Answer[] = JSON.parse(runPython(python, script, "compare", list));
  expect(answers.length).toBe(jobs.length);
  const read = answers.filter((answer) => "differences" in answer);
  expect(read.length).toBeGreaterThan(jobs.length / 2);
  return Object.fromEntries(
    answers.flatMap((answer, i) =>
      "differences" in answer && answer.differences.length > 0
        ? [[`${jobs[i][0]} as ${basename(jobs[i][1])}`, answer.differences]]
        : [],
    ),
  );
}

let made: Promise<readonly Job[]> | null = null;
function allJobs(): Promise<readonly Job[]> {
  made ??= (async () => {
    const jobs: Job[] = [];
    for (const [i, path] of corpus().entries()) jobs.push(...(await convert(path, `${i} ${basename(path)}`)));
    return jobs;
  })();
  return made;
}

test("the oldest anndata reads every copy in HDF5 as it reads the dataset", async () => {
  // It knows format 2 of Zarr only; and of what it cannot read it cannot read the copy.
  const jobs = (await allJobs()).filter((paths) => paths.slice(0, 2).every((path) => path.at(-1) !== "r"));
  expect(
    differences(
      PYTHON,
      jobs.filter(([path]) => path.endsWith(".h5ad")),
    ),
  ).toEqual({});
});

describeCurrent("the newest anndata", (python) => {
  test("reads every copy as it reads the dataset", async () => {
    expect(differences(python, await allJobs())).toEqual({});
  });

  test("finds elements of every kind in the copies", async () => {
    const jobs: Job[] = [];
    for (const path of JSON.parse(runPython(python, script, "make", folder)) as string[])
      jobs.push(...(await convert(path, `kinds of ${path.split(".").at(-1)}`, true)));
    expect(differences(python, jobs)).toEqual({});
  });
});
