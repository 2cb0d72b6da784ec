/**
 * `kill -9` at random points of `train`, `predict` and `benchmark`: what is on disk is the old state or the new one.
 * `ATLASMTL_KILLS=300` tries that many of each; `save.test.ts` stops at every point in turn.
 */
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { checkRunFiles, parseRunManifest } from "../../src/artifacts/run-manifest.ts";
import { verifyBundle } from "../../src/artifacts/verify-bundle.ts";
import { readWhole } from "../../src/core/checksums.ts";
import { nodeFiles } from "../../src/node/files.ts";
import { tinyAtlas, writeH5ad } from "../e2e/make-h5ad.ts";
import { program, runCli } from "../e2e/run-cli.ts";

const kills = Number(process.env.ATLASMTL_KILLS ?? 8);

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-kill-"));
  await writeH5ad(join(root, "ref.h5ad"), tinyAtlas(60));
  await writeH5ad(join(root, "query.h5ad"), tinyAtlas(400, 4, 2));
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

let state = 12345;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

interface Ending {
  readonly isKilled: boolean;
  /** Milliseconds from the first byte written into the folder to the end; 0 when nothing was. */
  readonly writingMs: number;
}

/** Runs the program and kills it `delayMs` after its start, or after it began to write into one of the folders. */
async function runAndKill(
  words: readonly string[],
  folders: readonly string[],
  delayMs: number,
  from: "start" | "writing",
): Promise<Ending> {
  // What an earlier run left when it died is no sign of this one.
  const earlier = new Set(folders.flatMap(pathsIn));
  const child = spawn(process.execPath, [program, ...words], { cwd: root, stdio: "ignore" });
  let isOver = false;
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on("close", (_code, signal) => {
      isOver = true;
      resolve(signal);
    });
  });
  const isWriting = (): boolean =>
    folders.flatMap(pathsIn).some((path) => !earlier.has(path) && isBegun(path));
  if (from === "writing") while (!isOver && !isWriting()) await wait(1);
  const began = performance.now();
  while (!isOver && performance.now() < began + delayMs) await wait(delayMs > 1000 ? 1 : 0);
  child.kill("SIGKILL");
  const isKilled = (await ended) === "SIGKILL";
  return { isKilled, writingMs: performance.now() - began };
}

/**
 * Kills at points spread over the time that writing takes when nobody interrupts it, and now and then at any time.
 * Writing begins in one of `watched`, groups of folders that take turns.
 */
async function killedRuns(
  words: (i: number) => readonly string[],
  watched: readonly (readonly string[])[],
  times: number,
  check: () => Promise<void>,
): Promise<number> {
  const usualMs: number[] = [];
  for (const [w, folders] of watched.entries()) {
    usualMs[w] = 0;
    // Three runs, so that the last two replace something.
    for (const i of [0, 1, 0]) {
      const { writingMs, isKilled } = await runAndKill(words(i), folders, 60_000, "writing");
      expect(isKilled).toBe(false);
      usualMs[w] = Math.max(usualMs[w], writingMs);
      await check();
    }
  }
  let killed = 0;
  for (let i = 0; i < times; i++) {
    const atAnyTime = i % 5 === 4;
    const w = i % watched.length;
    const delayMs = atAnyTime ? random(900) : (1.25 * usualMs[w] * random(1000)) / 1000;
    const ending = await runAndKill(words(i), watched[w], delayMs, atAnyTime ? "start" : "writing");
    if (ending.isKilled) killed++;
    await check();
  }
  return killed;
}

/** What is in a folder; nothing when there is no such folder, which a trial of the program makes and removes. */
function pathsIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** True for a temporary file with content; an empty one only tries whether the folder can be written. */
function isBegun(path: string): boolean {
  return path.endsWith(".tmp") && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

async function fileText(path: string): Promise<string> {
  return new TextDecoder().decode(await readWhole(nodeFiles.committedView!(), path, null));
}

/** Every output of a run manifest is as it says. */
async function outputsHold(path: string, folder: string): Promise<boolean> {
  const checks = await checkRunFiles(parseRunManifest(JSON.parse(await fileText(path)), path), folder);
  return checks.filter(({ role }) => role === "output").every(({ status }) => status === "OK");
}

/** No temporary file and no journal is left once a save has gone through. */
const hidden = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((path) => basename(path).startsWith("."));

test(`train, killed ${kills} times`, { timeout: 60_000 + kills * 10_000 }, async () => {
  const folder = join(root, "model");
  const words = (i: number): string[] => [
    ...["train", "--adata", "ref.h5ad", "--out", "model/m.pth", "--labels", "lineage", "cell_type"],
    ...["--num-epochs", "2", "--random-state", String(1 + (i % 2))],
  ];
  const seen = new Map<string, number>();
  const check = async (): Promise<void> => {
    const { model } = await loadModel(join(folder, "m.pth"));
    await model.reference();
    const verified = await verifyBundle(join(folder, "m.pth"));
    expect(verified.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    const digest = verified.find(({ key }) => key === "model_path")!.found!;
    seen.set(digest, (seen.get(digest) ?? 0) + 1);
    expect(await outputsHold(join(folder, "train_run_manifest.json"), folder)).toBe(true);
  };
  const killed = await killedRuns(words, [[folder]], kills, check);
  // Two seeds, two models, and never a third.
  expect(seen.size).toBe(2);
  const last = await runCli(words(0), { cwd: root });
  expect(last.code, last.stderr).toBe(0);
  expect(await hidden(folder)).toEqual([]);
  expect((await runCli(["verify", "model"], { cwd: root })).code).toBe(0);
  console.log(`train: ${killed} of ${kills} killed; bundles found: ${[...seen.values()].join(" and ")}`);
});

test.each(["annotated.h5ad", "annotated.zarr", "predictions.csv"])(
  `predict to %s, killed ${kills} times`,
  { timeout: 60_000 + kills * 10_000 },
  async (out) => {
    const folder = join(root, `out-${out}`);
    const trained = await runCli(
      ["train", "--adata", "ref.h5ad", "--out", "p/m.pth", "--labels", "cell_type", "--num-epochs", "1"],
      { cwd: root },
    );
    expect(trained.code, trained.stderr).toBe(0);
    const path = join(folder, out);
    const words = (i: number): string[] => [
      ...["predict", "--model", "p/m.pth", "--adata", "query.h5ad", "--out", path],
      ...["--write-mode", i % 2 === 0 ? "minimal" : "full"],
    ];
    const seen = new Map<string, number>();
    const check = async (): Promise<void> => {
      const run = join(folder, "predict_run_manifest.json");
      expect(await outputsHold(run, folder)).toBe(true);
      const { argv } = JSON.parse(await fileText(run)) as { readonly argv: readonly string[] };
      const mode = argv.at(-1)!;
      seen.set(mode, (seen.get(mode) ?? 0) + 1);
      if (out.endsWith(".csv")) return;
      const adata = await openAnnData(await nodeFiles.committedView!().placeOf!(path));
      expect(adata.obs.columns).toContain("pred_cell_type");
      await adata.close();
    };
    const killed = await killedRuns(words, [[folder]], kills, check);
    expect(seen.size).toBe(2);
    expect((await runCli(words(0), { cwd: root })).code).toBe(0);
    expect(await hidden(folder)).toEqual([]);
    expect((await runCli(["verify", folder], { cwd: root })).code).toBe(0);
    console.log(
      `predict to ${out}: ${killed} of ${kills} killed; outputs found: ${[...seen.values()].join(" and ")}`,
    );
  },
);

const DATASET = `dataset_name: tiny
reference_h5ad: ref.h5ad
query_h5ad: query.h5ad
label_columns: [lineage, cell_type]
train: {hidden_sizes: [16], num_epochs: 1}
`;

test(`benchmark, killed ${kills} times`, { timeout: 120_000 + kills * 15_000 }, async () => {
  const folder = join(root, "run");
  const methods = ["reference_knn", "nearest_centroid", "atlasmtl"];
  for (const seed of [1, 2]) await writeFile(join(root, `${seed}.yaml`), `${DATASET}random_seed: ${seed}\n`);
  // The same one twice, so that what a killed run had finished is taken over; the first two differ, so that both are seen.
  const words = (i: number): string[] => [
    ...["benchmark", "--dataset-manifest", `${1 + (((i + 1) >> 1) % 2)}.yaml`, "--output-dir", "run"],
    ...["--methods", ...methods],
  ];
  const seen = new Map<number, number>();
  const check = async (): Promise<void> => {
    expect(await outputsHold(join(folder, "run_manifest.json"), folder)).toBe(true);
    const json = async (name: string) => JSON.parse(await fileText(join(folder, name)));
    const seed: number = (await json("run_manifest.json")).seeds.manifest;
    const { results } = await json("metrics.json");
    const kept = await Promise.all(methods.map((name) => json(`methods/${name}/result.json`)));
    const seeds = [...results, ...kept.map(({ entry }) => entry)].map(
      ({ protocol_context: context }) => context.random_seed,
    );
    expect(seeds).toEqual(Array(2 * methods.length).fill(seed));
    // From the folder of the bundle alone, too.
    const bundle = await verifyBundle(join(folder, "methods/atlasmtl/model.pth"));
    expect(new Set(bundle.map(({ status }) => status))).toEqual(new Set(["ok"]));
    seen.set(seed, (seen.get(seed) ?? 0) + 1);
  };
  const commit = [folder, ...methods.map((name) => join(folder, "methods", name))];
  const progress = methods.map((name) => join(folder, ".benchmark/methods", name));
  const killed = await killedRuns(words, [commit, [...progress, ...commit]], kills, check);
  expect(seen.size).toBe(2);
  let resumed = 0;
  for (const i of [0, 2]) {
    const last = await runCli([...words(i), "--json"], { cwd: root });
    expect(last.code, last.stderr).toBe(0);
    await check();
    resumed += JSON.parse(last.stdout).methods.filter((each: { resumed: boolean }) => each.resumed).length;
  }
  expect(await hidden(folder)).toEqual([]);
  expect((await runCli(["verify", "run"], { cwd: root })).code).toBe(0);
  console.log(
    `benchmark: ${killed} of ${kills} killed; results found: ${[...seen.values()].join(" and ")}; ${resumed} methods taken over at the end`,
  );
});
