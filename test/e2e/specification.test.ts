/** The specification names what the program takes and what it writes. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { runCli } from "./run-cli.ts";

const pages = fileURLToPath(new URL("../../docs/specification/", import.meta.url));
const page = (name: string): Promise<string> => readFile(join(pages, name), "utf8");

let folder = "";
/** Every name on any page. */
let names: ReadonlySet<string>;

async function run(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(words, { cwd: folder });
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-specification-"));
  const texts = await Promise.all((await readdir(pages)).map(page));
  names = new Set(texts.join("\n").match(/\w+/g));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(120));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(30, 4, 9));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("every flag of train, predict and preprocess stands on the page of the command line, and no other", async () => {
  const known = new Set<string>();
  const flagsIn = (text: string): string[] => text.match(/--[a-z][a-z-]+/g) ?? [];
  const commands = (await run("--help")).match(/(?<=^ {2})[a-z]+(?= \[| +\[| <)/gm) ?? [];
  expect(commands).toContain("train");
  const flags = new Map<string, string[]>();
  for (const command of commands) {
    if (command === "help") continue;
    const help = await run(command, "--help");
    flags.set(command, help.match(/(?<=^ {2})--[a-z][a-z-]+/gm) ?? []);
    for (const flag of flagsIn(help)) known.add(flag);
  }
  expect(flags.get("train")?.length).toBeGreaterThan(50);
  const told = new Set(flagsIn(await page("6-cli.md")));
  for (const command of ["train", "predict", "preprocess"])
    for (const flag of flags.get(command) ?? []) expect(told, `${command} ${flag}`).toContain(flag);
  expect([...told].filter((flag) => !known.has(flag))).toEqual([]);
});

/** Keys that stand on no page; `labels` are names from the data, not keys of ours. */
function unnamed(value: unknown, labels: ReadonlySet<string>): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unnamed(item, labels));
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...(names.has(key) || labels.has(key.replace(/^(temperature|knn_coverage)_/, "")) ? [] : [key]),
    ...unnamed(item, labels),
  ]);
}

test("every key of run manifests, the training configuration and the metadata stands on a page", async () => {
  const labels = new Set([
    "lineage",
    "cell_type",
    "first half",
    "second half",
    "type 0",
    "type 1",
    "type 2",
    "type 3",
  ]);
  const words = "--labels lineage cell_type --preset best --ensemble-size 1 --hidden-sizes 16 --num-epochs 3";
  await run(
    ..."train --adata ref.h5ad --out m/m.pth --val-fraction 0.3 --calibration temperature_scaling".split(" "),
    ..."--umap-key X_umap".split(" "),
    ...words.split(" "),
  );
  await run(
    ..."predict --model m/m.pth --adata query.h5ad --out p/labels.csv --prediction-sets 0.8 --knn-correction all".split(
      " ",
    ),
    ..."--enforce-hierarchy --hierarchy-rules derive --openset-method prototype --openset-threshold 9".split(
      " ",
    ),
  );
  for (const path of ["m/train_run_manifest.json", "m/m_manifest.json", "p/predict_run_manifest.json"]) {
    const keys = unnamed(JSON.parse(await readFile(join(folder, path), "utf8")), labels);
    expect(keys, path).toEqual([]);
  }
});
