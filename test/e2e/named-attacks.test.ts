/** Inputs that once hung, crashed or filled the memory: each ends as it should, in a process of little memory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeShared, sharedPath } from "../helpers/shared.ts";
import { program, runCli } from "./run-cli.ts";

const attack = (path: string): string => sharedPath(`cases/attack/${path}`);
const QUERY = sharedPath("cases/files/q.h5ad");
const scored = (table: string): string[] => [
  ...["evaluate", "--predictions", attack(`table/${table}`)],
  ...["--truth", attack("table/truth.csv"), "--labels", "pred"],
];
const predicted = (bundle: string): string[] => [
  ...["predict", "--model", attack(`pickle/${bundle}/model.pth`), "--adata", QUERY, "--out", "p.csv"],
];
const layer = ["--layer", "counts", "--labels", "type", "--out", "m.pth", "--num-epochs", "1"];

/** Words of a command, its exit code and what it says first. */
const CASES: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ["a dtype of no width", predicted("u0_2e40"), 4, /error: an array of 1099511627776 elements of type U0/],
  ["chunks that double", predicted("arrow_dag26"), 4, /error: the pickle holds .* shared/],
  ["chunks in a circle", predicted("arrow_cycle"), 4, /error: the pickle holds a value that contains itself/],
  ["2^28 rows in 666 bytes", scored("rows2e28.arrow"), 3, /error: Arrow tables are written and not read/],
  ["a damaged Arrow table", scored("i2178.bin"), 3, /it is an Arrow table/],
  ["another one", scored("i2749.bin"), 3, /it is an Arrow table/],
  ["a third one", scored("i3130.bin"), 3, /it is an Arrow table/],
  ["many heaps", ["inspect", attack("h5/k20.h5ad")], 0, /2,000 cells/],
  ["a damaged chunk", ["train", "--adata", attack("h5/i3013.h5ad"), ...layer], 3, /error: .*damaged/],
  ["escapes in labels", ["inspect", attack("labels/esc.h5ad")], 0, /\\x1b|\\u001b/],
];

describeShared("named attacks", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlasmtl-attack-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(CASES)("%s", async (_, words, code, said) => {
    const launcher = [process.execPath, "--max-old-space-size=200", program];
    const ended = await runCli(words, { cwd: folder, launcher });
    expect(ended.code, ended.stderr).toBe(code);
    expect(ended.stdout + ended.stderr).toMatch(said);
    expect(ended.stderr).not.toMatch(/internal error|\n\s+at /);
    expect(ended.stdout + ended.stderr).not.toContain("\u001b");
  });
});
