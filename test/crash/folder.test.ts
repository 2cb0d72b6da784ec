/** A result that is a folder, stopped after every call to the file system: it and its record are both old or both new. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import {
  checkRunFiles,
  emitRunManifest,
  parseRunManifest,
  runManifest,
} from "../../src/artifacts/run-manifest.ts";
import type { AlsoWrite } from "../../src/core/bytes.ts";
import { readWhole } from "../../src/core/checksums.ts";
import { isZarrRoot } from "../../src/formats/zarr/root.ts";
import type { Disk } from "../../src/node/disk.ts";
import { nodeFiles } from "../../src/node/files.ts";
import { replaceFolder } from "../../src/node/folders.ts";
import { Crash, crashingDisk, processAmong } from "./crashing-disk.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-crash-folder-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const RECORD = "predict_run_manifest.json";
const FILES = ["zarr.json", "obs/zarr.json", "obs/pred/c/0"];

const record =
  (folder: string, state: string): AlsoWrite =>
  (written) => {
    const manifest = runManifest({
      command: "predict",
      inputs: [],
      outputs: written.map((file) => ({ ...file, path: file.path.slice(folder.length + 1) })),
      seeds: new Map(),
      packageVersion: "0",
      gitCommit: null,
      argv: [state],
      startedAt: "",
      finishedAt: "",
      details: new Map(),
    });
    return [{ path: join(folder, RECORD), bytes: [emitRunManifest(manifest)] }];
  };

/** Writes a small store told by its text; a state of its own has a file of its own. */
function write(folder: string, state: string, disk: Disk = crashingDisk(Number.POSITIVE_INFINITY)) {
  return replaceFolder(
    join(folder, "out.zarr"),
    isZarrRoot,
    async (store) => {
      for (const key of [...FILES, `only-${state}`]) await store.write(key, new TextEncoder().encode(state));
      await store.write("zarr.json", new TextEncoder().encode(`${state}, consolidated`));
    },
    record(folder, state),
    { disk, owner: processAmong("dead") },
  );
}

/** What the record says, once the store was found to be what it says; null without either. */
async function stateOf(folder: string): Promise<string | null> {
  const before = await readdir(folder).catch(() => []);
  const view = nodeFiles.committedView!();
  if (!(await view.exists(join(folder, RECORD)))) {
    expect(before).not.toContain("out.zarr");
    return null;
  }
  const manifest = JSON.parse(new TextDecoder().decode(await readWhole(view, join(folder, RECORD), null)));
  const checks = await checkRunFiles(parseRunManifest(manifest, "run"), folder);
  expect(checks.map(({ path, status }) => [path, status])).toEqual([["out.zarr", "OK"]]);
  const store = await view.placeOf!(join(folder, "out.zarr"));
  expect(await readFile(join(store, "obs/pred/c/0"), "utf8")).toBe(manifest.argv[0]);
  expect(await readdir(folder).catch(() => [])).toEqual(before); // looking wrote nothing
  return manifest.argv[0];
}

const dies = async (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => false,
    (error: unknown) => {
      if (error instanceof Crash) return true;
      throw error;
    },
  );

describe.each([["old"], [null]])("over a result that is %s", (start) => {
  test("after any call, store and record agree; finishing and the next write leave nothing else", async () => {
    if (start !== null) await write(join(root, "start"), start);
    const seen: (string | null)[] = [];
    for (let limit = 0; ; limit++) {
      const folder = join(root, String(limit));
      if (start !== null) await cp(join(root, "start"), folder, { recursive: true });
      const isDead = await dies(write(folder, "new", crashingDisk(limit)));
      const state = await stateOf(folder);
      expect(seen.at(-1) === "new" ? ["new"] : [start, "new"]).toContain(state); // once new, it stays new
      seen.push(state);
      await nodeFiles.finish(folder);
      expect(await stateOf(folder)).toBe(state);
      if (state !== null) {
        const names = await readdir(join(folder, "out.zarr"));
        expect(names.sort()).toEqual([`only-${state}`, "obs", "zarr.json"].sort());
      }
      await write(folder, "next");
      expect(await stateOf(folder)).toBe("next");
      expect((await readdir(folder)).sort()).toEqual(["out.zarr", RECORD]);
      await rm(folder, { recursive: true });
      if (!isDead) break;
    }
    expect([seen[0], seen.at(-1)]).toEqual([start, "new"]);
    expect(seen.length).toBeGreaterThan(50);
  });
});

test("a store that another program wrote in since is not replaced by an unfinished commit", async () => {
  const start = join(root, "start");
  await write(start, "old");
  for (let limit = 0; ; limit++) {
    const folder = join(root, String(limit));
    await cp(start, folder, { recursive: true });
    await dies(write(folder, "new", crashingDisk(limit)));
    if ((await stateOf(folder)) !== "new") continue;
    await writeFile(join(folder, "out.zarr/obs/theirs"), "x");
    await nodeFiles.finish(folder);
    expect(await readdir(join(folder, "out.zarr/obs"))).toContain("theirs");
    return;
  }
});

test("a store that died between its two renames is missed with the way to finish it", async () => {
  const start = join(root, "start");
  await write(start, "old");
  for (let limit = 0; ; limit++) {
    const folder = join(root, String(limit));
    await cp(start, folder, { recursive: true });
    await dies(write(folder, "new", crashingDisk(limit)));
    if ((await readdir(folder)).includes("out.zarr")) continue;
    await expect(openAnnData(join(folder, "out.zarr"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("verify --finish"),
    });
    await nodeFiles.finish(folder);
    expect(await readdir(folder)).toContain("out.zarr");
    return;
  }
});
