import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { smallModel } from "../../test/helpers/small-model.ts";
import { loadModel } from "./load.ts";
import { saveModel } from "./save.ts";
import { verifyBundle } from "./verify-bundle.ts";

/** A bundle in `store`, and an empty folder where a workflow manager puts links. */
let [root, staged] = ["", ""];
const bundle = () => join(root, "store", "m.pth");

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "atlasmtl-links-")));
  await saveModel(smallModel(), bundle());
});
beforeEach(async () => {
  staged = join(root, "staged");
  await rm(staged, { recursive: true, force: true });
  await mkdir(staged);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const link = async (from: string, name = from): Promise<string> => {
  await symlink(join(root, "store", from), join(staged, name));
  return join(staged, name);
};

async function expectWhole(path: string): Promise<void> {
  const { model, warnings, isVerified } = await loadModel(path);
  expect(model.trainGenes).toEqual(smallModel().trainGenes);
  expect(await model.hasReference()).toBe(true);
  expect(await model.reference()).toEqual(await smallModel().reference());
  expect(isVerified).toBe(true);
  expect(warnings).toEqual([]);
  expect((await verifyBundle(path)).every(({ status }) => status === "ok")).toBe(true);
}

test("a link to the .pth alone, under any name, opens the bundle beside its target", async () => {
  await expectWhole(await link("m.pth"));
  await expectWhole(await link("m.pth", "input_1.pth"));
});

test("a link to the manifest alone opens the bundle beside its target", async () => {
  await expectWhole(await link("m_manifest.json"));
});

test("what is beside the link comes first, and what is missing there is taken from beside the target", async () => {
  const manifest = await link("m_manifest.json");
  const metadata = await link("m_metadata.pkl");
  const { paths } = await loadModel(manifest);
  expect(paths.metadata).toBe(metadata);
  expect(paths.model).toBe(bundle());
});

test("links to all files of a bundle open, whatever folder they are in", async () => {
  for (const name of await readdir(join(root, "store"))) await link(name);
  const { paths } = await loadModel(join(staged, "m.pth"));
  expect(paths.metadata).toBe(join(staged, "m_metadata.pkl"));
});

test("a link to nothing, and a link to itself, are errors that name it", async () => {
  const lost = await link("other.pth");
  await expect(loadModel(lost)).rejects.toMatchObject({ where: expect.stringContaining("other.pth") });
  const circle = join(staged, "circle.pth");
  await symlink(circle, circle);
  await expect(loadModel(circle)).rejects.toMatchObject({ where: expect.stringContaining("circle.pth") });
});
