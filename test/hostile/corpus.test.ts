/** The hostile corpus, opened by the doors that users have. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { celltypistFiles } from "./corpus/celltypist.ts";
import { datasetFiles } from "./corpus/datasets.ts";
import type { HostileFile } from "./corpus/hostile-file.ts";
import { manifestFiles } from "./corpus/manifests.ts";
import { modelZipFiles } from "./corpus/model-zips.ts";
import { parquetFiles } from "./corpus/parquets.ts";
import { pickleFiles } from "./corpus/pickles.ts";
import { rdsFiles } from "./corpus/rds.ts";
import { refinementFiles } from "./corpus/refinements.ts";
import { tableFiles } from "./corpus/tables.ts";
import { zarrFiles } from "./corpus/zarrs.ts";
import { zipFiles } from "./corpus/zips.ts";

/** What opening one file may take on top of what the process has. */
const MAX_GROWTH = 200e6;
/** A process with that many MB of heap opens them all. */
const HEAP_MB = 256;

interface Outcome {
  readonly id: number;
  readonly code: string;
  readonly problem: string | null;
  readonly growth: number;
  readonly commands: Readonly<
    Record<string, { readonly exit: number; readonly said: string; readonly growth: number }>
  >;
  readonly polluted: boolean;
}

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-corpus-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each<[string, () => Promise<HostileFile[]>, number]>([
  ["archives", zipFiles, 100],
  ["models as one archive", modelZipFiles, 120],
  ["pickles", pickleFiles, 600],
  ["models of CellTypist", celltypistFiles, 250],
  ["refinements", refinementFiles, 250],
  ["manifests, journals and run manifests", manifestFiles, 100],
  ["HDF5 datasets", datasetFiles, 150],
  ["Zarr datasets", zarrFiles, 500],
  ["10x files and tables", tableFiles, 150],
  ["objects of R", rdsFiles, 300],
  ["Parquet tables", parquetFiles, 100],
])("hostile %s", (kind, make, atLeast) => {
  test("end in a typed error, within bounds, and leave nothing behind", { timeout: 600_000 }, async () => {
    const files = await make();
    expect(files.length).toBeGreaterThan(atLeast);
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    const folder = join(root, kind.split(",")[0]);
    const opened: { id: number; door: string; path: string }[] = [];
    for (const [id, file] of files.entries()) {
      const own = join(folder, String(id));
      await mkdir(own, { recursive: true });
      opened.push({ id, door: file.door, path: await file.make(own) });
    }
    const before = await listing(folder);
    const outcomes = await probe(folder, opened);
    expect(outcomes.length).toBe(files.length);
    for (const outcome of outcomes) check(files[outcome.id], outcome);
    // Nothing was written, and above all no canary.
    expect(await listing(folder)).toEqual(before);
    console.log(`${files.length} hostile ${kind}: ${tally(outcomes)}`);
  });
});

function check({ name, door, codes }: HostileFile, outcome: Outcome): void {
  const { code, problem, growth, commands, polluted } = outcome;
  if (door !== "manifest") expect.soft(codes, `${name}: ${problem}`).toContain(code);
  expect.soft(growth, `memory for ${name}`).toBeLessThan(MAX_GROWTH);
  expect.soft(polluted, name).toBe(false);
  for (const [word, { exit, said, growth: held }] of Object.entries(commands)) {
    expect.soft(said, `${word} of ${name}`).not.toMatch(/internal error|\n\s+at /);
    // 0: it says what it found, 3 and 4: the data or the bundle is at fault, 5: the system refused; 2: settings that name no
    // refinement, or an archive of several models, of which the call must name one.
    const mayBeUsage = door === "refinement" || door === "archive";
    const exits = mayBeUsage ? [0, 2, 3, 4, 5] : [0, 3, 4, 5];
    expect.soft(exits, `${word} of ${name}: ${said}`).toContain(exit);
    expect.soft(held, `memory of ${word} for ${name}`).toBeLessThan(MAX_GROWTH);
    if (door === "manifest" && word === "verify") expect.soft(exit, name).toBe(4);
  }
}

function tally(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { code } of outcomes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const most = Math.max(...outcomes.map(({ growth }) => growth));
  return `${[...counts].map(([code, n]) => `${n} ${code}`).join(", ")}; at most ${Math.round(most / 1e6)} MB`;
}

/** Everything below a folder; without the types, links would be followed, and one leads to the root of the disk. */
const listing = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** Opens all files in one process; where it ends early, the file at fault is the one after the last outcome. */
async function probe(folder: string, files: readonly object[]): Promise<Outcome[]> {
  const list = join(root, `${folder.split("/").at(-1)}.json`);
  await writeFile(list, JSON.stringify(files));
  const script = fileURLToPath(new URL("./probe.mjs", import.meta.url));
  const words = [`--max-old-space-size=${HEAP_MB}`, "--expose-gc", script, list];
  // A canary would be left in the folder.
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let lines = "";
  let said = "";
  child.stdio[3]!.on("data", (text: Buffer) => {
    lines += text.toString();
  });
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (text: Buffer) => {
      said += text.toString();
    });
  const ending = await new Promise<string>((resolve) => {
    child.on("close", (code, signal) => resolve(`code ${code}, signal ${signal}`));
  });
  const outcomes = lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Outcome);
  const last = outcomes.length < files.length ? ` at ${JSON.stringify(files[outcomes.length])}` : "";
  expect(`${ending}${last}${said}`).toBe("code 0, signal null");
  return outcomes;
}
