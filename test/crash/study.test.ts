/** A study that is killed half-way and started again: it does the rest only, and all comes out as without the kill. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "../e2e/make-h5ad.ts";
import { cliIn, listing, runCli } from "../e2e/run-cli.ts";

let root = "";
const { run, ok, text } = cliIn(() => root);
const TRAIN = ["--reference", "ref.h5ad", "--labels", "lineage", "cell_type", "--num-epochs", "2"];
const STUDY = ["annotate", ...TRAIN, "--preset", "fast", "--query", "samples/*.h5ad"];

const digest = (path: string): string =>
  createHash("sha256")
    .update(readFileSync(join(root, path)))
    .digest("hex");
const results = async (folder: string): Promise<string[]> =>
  (await listing(join(root, folder))).filter((name) => name.endsWith(".h5ad"));
const statuses = (folder: string): string[] =>
  text(`${folder}/samples.tsv`)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t").slice(0, 3).join(" "));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-study-"));
  await mkdir(join(root, "samples"));
  await writeH5ad(join(root, "ref.h5ad"), tinyAtlas(120));
  for (let s = 0; s < 6; s++) await writeH5ad(join(root, `samples/s${s}.h5ad`), tinyAtlas(60 + s, 4, 2 + s));
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

test("killed after some samples and started again, it does the rest only, and the files are the same", async () => {
  await ok(...STUDY, "--out-dir", "whole");
  const again = [
    "annotate",
    "--model",
    "whole/model/model.pth",
    "--query",
    "samples/*.h5ad",
    "--out-dir",
    "killed",
  ];
  const killed = await runCli(again, {
    cwd: root,
    onStderr: (stderr, kill) => {
      if (stderr.includes("3/6")) kill("SIGKILL");
    },
  });
  expect(killed.code).toBe(null);
  const before = await results("killed");
  expect(before.length).toBeGreaterThanOrEqual(3);
  expect(before.length).toBeLessThan(6);

  const { samples } = JSON.parse((await ok(...again, "--json")).stdout);
  const skipped = samples.filter(({ status }: { status: string }) => status === "skipped").length;
  // The sample that was being written may have been complete without its record, never the other way round.
  expect(skipped).toBeGreaterThanOrEqual(3);
  expect(skipped).toBeLessThanOrEqual(before.length);
  for (const name of await results("whole")) expect(digest(`killed/${name}`)).toBe(digest(`whole/${name}`));
  expect(text("killed/composition.tsv")).toBe(text("whole/composition.tsv"));
  await ok("verify", "killed");
}, 120_000);

test("a bad sample does not stop the others; other options, a changed sample and a changed result are done again", async () => {
  await writeFile(join(root, "bad.h5ad"), "no dataset");
  await mkdir(join(root, "other"), { recursive: true });
  await copyFile(join(root, "samples/s4.h5ad"), join(root, "other/s1.h5ad"));
  await copyFile(join(root, "samples/s2.h5ad"), join(root, "c.h5ad"));
  const words = ["predict", "--model", "whole/model/model.pth", "--out-dir", "many", "--out-format", "csv"];
  const queries = ["--adata", "samples/s[01].h5ad", "bad.h5ad", "other/s1.h5ad", "c.h5ad"];
  const first = await run(...words, ...queries);
  expect(first.code, first.stderr).toBe(3);
  expect(first.stderr).toMatch(/error: 1 of 5 samples could not be annotated: bad\n/);
  const all = (status: string, c = status) => [
    `s0 samples/s0.h5ad ${status}`,
    `samples samples/s1.h5ad ${status}`,
    "bad bad.h5ad failed",
    `other other/s1.h5ad ${status}`,
    `c c.h5ad ${c}`,
  ];
  expect(statuses("many")).toEqual(all("done"));
  expect(text("many/samples.csv")).not.toBe(text("many/other.csv"));

  await copyFile(join(root, "samples/s3.h5ad"), join(root, "c.h5ad"));
  await writeFile(join(root, "many/s0.csv"), "spoilt");
  const second = await run(...words, ...queries, "--num-threads", "1");
  expect(second.code).toBe(3);
  expect(statuses("many")).toEqual(all("skipped", "done").with(0, "s0 samples/s0.h5ad done"));
  expect((await run(...words, ...queries, "--write-mode", "full")).code).toBe(3);
  expect(statuses("many")).toEqual(all("done"));

  // A result of the same name for another file is refused, not replaced.
  const kept = text("many/c.csv");
  await copyFile(join(root, "samples/s5.h5ad"), join(root, "other/c.h5ad"));
  const third = await run(...words, "--adata", "other/c.h5ad");
  expect(third.code).toBe(3);
  expect(third.stderr).toContain("many/c.csv is the result of c.h5ad");
  expect(text("many/c.csv")).toBe(kept);
}, 120_000);

test("a dry run says what would be done and writes nothing", async () => {
  const before = await listing(root);
  const words = [...STUDY, "--out-dir", "whole", "--query", "ref.h5ad", "--dry-run", "--json"];
  const { stdout, stderr } = await ok(...words);
  expect(stderr).toContain("the model is there");
  const plan = JSON.parse(stdout);
  expect(plan.n_cells).toBe(120);
  expect(plan.seconds).toBeGreaterThan(0);
  expect(plan.samples.map(({ state }: { state: string }) => state)).toEqual([
    ...Array.from({ length: 6 }, () => "done"),
    "to do",
  ]);
  expect(await listing(root)).toEqual(before);
}, 60_000);
