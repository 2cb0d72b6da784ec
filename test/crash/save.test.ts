/** A save stopped after every single call to the file system leaves the old bundle or the new one. */
import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadModel } from "../../src/artifacts/load.ts";
import {
  checkRunFiles,
  emitRunManifest,
  parseRunManifest,
  runManifest,
} from "../../src/artifacts/run-manifest.ts";
import { emitBundle } from "../../src/artifacts/save.ts";
import { verifyBundle } from "../../src/artifacts/verify-bundle.ts";
import type { AlsoWrite } from "../../src/core/bytes.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { bytesPart, commitFiles } from "../../src/node/commit.ts";
import { type Disk, nodeDisk } from "../../src/node/disk.ts";
import { nodeFiles } from "../../src/node/files.ts";
import type { Owner } from "../../src/node/temporaries.ts";
import { smallModel } from "../helpers/small-model.ts";
import { Crash, type CrashingDisk, crashingDisk, processAmong } from "./crashing-disk.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-crash-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const OLD = 0.125;
const NEW = 0.25;
const NEXT = 0.5;
const FILES = [
  "model.pth",
  "model_feature_panel.json",
  "model_manifest.json",
  "model_metadata.pkl",
  "model_reference.pkl",
  "train_run_manifest.json",
];

/** A record of the run, as the command line writes it with the bundle. */
const record =
  (folder: string): AlsoWrite =>
  (written) => {
    const manifest = runManifest({
      command: "train",
      inputs: [],
      outputs: written.map((file) => ({ ...file, path: file.path.slice(folder.length + 1) })),
      seeds: new Map(),
      packageVersion: "0",
      gitCommit: null,
      argv: [],
      startedAt: "",
      finishedAt: "",
      details: new Map(),
    });
    return [{ path: join(folder, "train_run_manifest.json"), bytes: [emitRunManifest(manifest)] }];
  };

interface Target {
  readonly folder: string;
  /** Keeps the reference in a folder of its own. */
  readonly isApart?: boolean;
}

/** Saves a model told by its dropout rate. */
async function save(
  { folder, isApart = false }: Target,
  dropoutRate: number,
  disk: Disk = crashingDisk(Number.POSITIVE_INFINITY),
  owner: Owner = processAmong("dead"),
): Promise<void> {
  const options = {
    featurePanel: new Map([["n", dropoutRate]]),
    ...(isApart ? { referencePath: join(folder, "refs/r.pkl.gz") } : {}),
  };
  const files = await emitBundle(smallModel({ dropoutRate }), join(folder, "model.pth"), options);
  const parts = files.map((file) => bytesPart(file, { disk }));
  await commitFiles(parts, record(folder), { disk, owner });
}

/** Runs `work` on a disk that dies after `limit` calls; false when it got to its end. */
async function dies(disk: CrashingDisk, work: Promise<void>, hasPower: boolean): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    if (!hasPower) await disk.losePower();
    return true;
  }
}

/** The dropout rate of the bundle in `folder`, once everything about it was found to agree; null without one. */
async function stateOf(folder: string): Promise<number | null> {
  const before = await readdir(folder);
  const path = join(folder, "model.pth");
  const loaded = await loadModel(path).catch((error: unknown) => {
    if (isAtlasmtlError(error, "NOT_FOUND")) return null;
    throw error;
  });
  if (loaded === null) return null;
  expect((await loaded.model.reference()).labels.size).toBe(2);
  expect(loaded.featurePanel!.get("n")).toMatchObject({ value: loaded.model.dropoutRate });
  expect((await verifyBundle(path)).map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok"]);
  const runPath = join(folder, "train_run_manifest.json");
  const source = await nodeFiles.committedView!().open(runPath);
  const text = new TextDecoder().decode(await source.read(0, source.byteLength));
  await source.close();
  const checks = await checkRunFiles(parseRunManifest(JSON.parse(text), runPath), folder);
  expect(checks.map(({ status }) => status)).toEqual(["OK", "OK", "OK", "OK", "OK"]);
  expect(await readdir(folder)).toEqual(before); // looking wrote nothing
  return loaded.model.dropoutRate;
}

/** As another program sees it, by the final names alone: do all checksums hold, and what is in the panel. */
async function plainState(folder: string): Promise<{ isWhole: boolean; panel: number | undefined }> {
  const manifest = JSON.parse(await readFile(join(folder, "model_manifest.json"), "utf8")) as {
    readonly checksums: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  let isWhole = true;
  for (const [key, digest] of Object.entries(manifest.checksums)) {
    const bytes = await readFile(join(folder, manifest[key] as string));
    isWhole &&= createHash("sha256").update(bytes).digest("hex") === digest;
  }
  const panel = JSON.parse(await readFile(join(folder, "model_feature_panel.json"), "utf8")) as {
    n?: number;
  };
  return { isWhole, panel: panel.n };
}

const allFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

describe.each([
  ["the process dies", true],
  ["the power fails", false],
])("when %s", (_, hasPower) => {
  test.each([
    ["beside the model", false],
    ["in a folder of its own", true],
  ])("after any call of a save over a bundle with its reference %s", async (_where, isApart) => {
    const start = join(root, "start");
    await save({ folder: start, isApart }, OLD);
    let seen = OLD;
    let calls = 0;
    for (let limit = 0; ; limit++) {
      const folder = join(root, String(limit));
      await cp(start, folder, { recursive: true });
      const disk = crashingDisk(limit);
      const isDead = await dies(disk, save({ folder, isApart }, NEW, disk), hasPower);
      const state = await stateOf(folder);
      expect([OLD, NEW]).toContain(state);
      expect(state).toBeGreaterThanOrEqual(seen); // once new, it stays new
      seen = state!;
      // Finished on request, other programs read the same.
      await nodeFiles.finish(folder);
      expect(await plainState(folder)).toEqual({ isWhole: true, panel: state });
      // The next save goes through and leaves nothing of the dead one.
      await save({ folder, isApart }, NEXT);
      expect(await plainState(folder)).toEqual({ isWhole: true, panel: NEXT });
      expect(await allFiles(folder)).toEqual(
        isApart ? [...FILES.filter((name) => name !== "model_reference.pkl"), "r.pkl.gz"].sort() : FILES,
      );
      await rm(folder, { recursive: true });
      calls = disk.calls();
      if (!isDead) break;
    }
    expect(seen).toBe(NEW);
    expect(calls).toBeGreaterThan(50);
  });

  test("after any call of a first save, there is no bundle or a whole one", async () => {
    let seen: number | null = null;
    for (let limit = 0; ; limit++) {
      const folder = join(root, String(limit), "made");
      const disk = crashingDisk(limit);
      const isDead = await dies(disk, save({ folder }, NEW, disk), hasPower);
      const exists = await readdir(folder).then(
        () => true,
        () => false,
      );
      const state = exists ? await stateOf(folder) : null;
      expect(seen === null ? [null, NEW] : [NEW]).toContain(state);
      seen = state;
      await save({ folder }, NEXT);
      expect(await allFiles(folder)).toEqual(FILES);
      if (!isDead) break;
    }
    expect(seen).toBe(NEW);
  });

  test("after any call of a save that follows one which died when it was committed", async () => {
    const start = join(root, "start");
    await save({ folder: start }, OLD);
    const committed = await firstCommitted(start);
    let seen = NEW;
    for (let limit = 0; ; limit++) {
      const folder = join(root, `again-${limit}`);
      await cp(committed, folder, { recursive: true });
      const disk = crashingDisk(limit);
      const isDead = await dies(disk, save({ folder }, NEXT, disk), hasPower);
      const state = await stateOf(folder);
      expect([NEW, NEXT]).toContain(state);
      expect(state).toBeGreaterThanOrEqual(seen);
      seen = state!;
      await rm(folder, { recursive: true });
      if (!isDead) break;
    }
    expect(seen).toBe(NEXT);
  });
});

/** A copy of `start` whose save to {@link NEW} was committed, and of which nothing was renamed. */
async function firstCommitted(start: string): Promise<string> {
  for (let limit = 0; ; limit++) {
    const folder = join(root, `committed-${limit}`);
    await cp(start, folder, { recursive: true });
    const disk = crashingDisk(limit);
    if (!(await dies(disk, save({ folder }, NEW, disk), true))) throw new Error("nothing was ever committed");
    if ((await stateOf(folder)) === NEW) return folder;
  }
}

describe("a committed save of which nothing was renamed", () => {
  let folder = "";
  beforeEach(async () => {
    const start = join(root, "start");
    await save({ folder: start }, OLD);
    folder = await firstCommitted(start);
  });

  test("loads with a warning that says how to put it in place", async () => {
    const { warnings } = await loadModel(join(folder, "model.pth"));
    expect(warnings).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^a save was interrupted .* 6 of them/),
        hint: expect.stringContaining("verify --finish"),
      }),
    ]);
  });

  test("loads from a folder that cannot be written", async () => {
    await chmod(folder, 0o555);
    expect(await stateOf(folder)).toBe(NEW);
    await chmod(folder, 0o755);
  });

  test("loads after a move of the folder", async () => {
    const moved = join(root, "moved");
    await cp(folder, moved, { recursive: true });
    await rm(folder, { recursive: true });
    expect(await stateOf(moved)).toBe(NEW);
  });

  test("gives way to a bundle that another program saved over it", async () => {
    const other = join(root, "other");
    await save({ folder: other }, NEXT);
    await cp(other, folder, { recursive: true });
    expect(await stateOf(folder)).toBe(NEXT);
    await nodeFiles.finish(folder);
    expect(await stateOf(folder)).toBe(NEXT);
    expect((await plainState(folder)).isWhole).toBe(true);
  });

  test("is not trusted when a temporary file changed since", async () => {
    const name = (await readdir(folder)).find((each) => /^\.model\.pth\..*\.tmp$/.test(each))!;
    await cp(join(folder, "model_metadata.pkl"), join(folder, name));
    expect(await stateOf(folder)).toBe(OLD);
  });
});

test("a reader that meets a save half way reads the new bundle, and never a mixture", async () => {
  const folder = join(root, "live");
  await save({ folder }, OLD);
  let isDone = false;
  const saving = (async () => {
    for (let i = 0; i < 30; i++) await save({ folder }, i % 2 === 0 ? NEW : OLD, nodeDisk);
    isDone = true;
  })();
  let loads = 0;
  while (!isDone) {
    const { model } = await loadModel(join(folder, "model.pth"));
    expect([OLD, NEW]).toContain(model.dropoutRate);
    loads++;
  }
  await saving;
  expect(loads).toBeGreaterThan(5);
});

test("several savers at once leave the bundle of one of them", async () => {
  const folder = join(root, "many");
  await mkdir(folder);
  const rates = Array.from({ length: 8 }, (_, i) => (i + 1) / 16);
  await Promise.all(rates.map((rate) => save({ folder }, rate, nodeDisk, processAmong("alive"))));
  expect(rates).toContain(await stateOf(folder));
  await save({ folder }, NEXT);
  expect(await allFiles(folder)).toEqual(FILES);
});
