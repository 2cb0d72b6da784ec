/** Bundles whose files lie elsewhere: read with a warning that names the path, never silently. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TrainedModel } from "../../src/api/trained-model.ts";
import {
  jsonBytes,
  MANIFEST,
  METADATA,
  MODEL,
  REFERENCE,
  wholeBundle,
  writeFiles,
} from "./corpus/bundles.ts";

let root = "";
let folder = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-paths-"));
  folder = join(root, "bundle");
  await mkdir(join(root, "elsewhere"));
  await writeFiles(folder, await wholeBundle());
});
afterEach(() => rm(root, { recursive: true, force: true }));

const manifest = (changes: Readonly<Record<string, string>>): Promise<void> =>
  writeFile(
    join(folder, MANIFEST),
    jsonBytes({
      schema_version: 1,
      model_path: MODEL,
      metadata_path: METADATA,
      reference_path: REFERENCE,
      ...changes,
    }),
  );

async function warnings(): Promise<readonly string[]> {
  const before = await readdir(root, { recursive: true });
  const model = await TrainedModel.load(join(folder, MODEL));
  expect((await model.data.reference()).labels.size).toBe(2);
  expect(await readdir(root, { recursive: true })).toEqual(before);
  return model.warnings.map(({ message }) => message);
}

test("a bundle in one folder has nothing to warn of", async () => {
  expect(await warnings()).toEqual([]);
});

test("a path that leads out of the folder is named", async () => {
  await rename(join(folder, METADATA), join(root, "elsewhere", "m.pkl"));
  await manifest({ metadata_path: "../elsewhere/m.pkl" });
  expect(await warnings()).toEqual(["metadata_path leads out of the manifest's folder: ../elsewhere/m.pkl"]);
});

test("an absolute path is named", async () => {
  const path = join(root, "elsewhere", "r.pkl");
  await rename(join(folder, REFERENCE), path);
  await manifest({ reference_path: path });
  expect(await warnings()).toEqual([`reference_path is an absolute path: ${path}`]);
});

test("a path that goes out and comes back stays inside", async () => {
  await manifest({ reference_path: `sub/../${REFERENCE}` });
  await mkdir(join(folder, "sub"));
  expect(await warnings()).toEqual([]);
});

test.each([METADATA, REFERENCE, MODEL])(
  "a link in the place of %s that leads out is named with its end",
  async (name) => {
    const target = join(root, "elsewhere", name);
    await rename(join(folder, name), target);
    await symlink(target, join(folder, name));
    expect(await warnings()).toEqual([
      expect.stringMatching(/_path is a link that leads out of the folder: .*elsewhere/),
    ]);
  },
);

test("a link inside the folder, and a folder that is itself a link, are as good as files", async () => {
  await rename(join(folder, METADATA), join(folder, "real.pkl"));
  await symlink("real.pkl", join(folder, METADATA));
  expect(await warnings()).toEqual([]);
  await rename(folder, join(root, "real"));
  await symlink("real", folder);
  expect(await warnings()).toEqual([]);
});

test("a link through a folder that leads out is named", async () => {
  await cp(folder, join(root, "elsewhere", "copy"), { recursive: true });
  await symlink(join(root, "elsewhere", "copy"), join(folder, "sub"));
  await manifest({ reference_path: `sub/${REFERENCE}` });
  expect(await warnings()).toEqual([expect.stringContaining("reference_path is a link that leads out")]);
});

test("without a manifest, a link that leads out is named as well", async () => {
  await rm(join(folder, MANIFEST));
  const target = join(root, "elsewhere", REFERENCE);
  await rename(join(folder, REFERENCE), target);
  await symlink(target, join(folder, REFERENCE));
  expect(await warnings()).toEqual([expect.stringContaining("reference_path is a link that leads out")]);
});
