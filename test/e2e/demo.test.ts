/** The demonstration, and the commands that it prints. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(join(folder, path)))
    .digest("hex");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-demo-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("demo does the whole job and says what it left", { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await run("demo", "my demo", "--no-progress");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}state +31 +\d\d\.\d % /m);
  expect(stdout).toMatch(/\d+ of \d+ cells came out Unknown/);
  for (const name of ["reference.h5ad", "query.h5ad", "annotated.h5ad", "predictions.csv", "model/model.pth"])
    expect(stdout).toContain(`my demo/${name}`);
  expect(stdout).toContain("atlasmtl inspect 'my demo/annotated.h5ad'");
  // The printed commands, run as they stand, give the same predictions.
  const printed = [...stdout.matchAll(/^ {2}atlasmtl (train|predict) (.*)$/gm)];
  expect(printed.map(([, name]) => name)).toEqual(["train", "predict"]);
  const predictions = await readFile(join(folder, "my demo/predictions.csv"), "utf8");
  const model = await sha256("my demo/model/model.pth");
  for (const [, name, rest] of printed) {
    const words = Array.from(rest.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain);
    const again = words.map((word) => word.replace(/annotated\.h5ad$/, "again.csv"));
    expect((await run(name, ...again)).code).toBe(0);
  }
  expect(await sha256("my demo/model/model.pth")).toBe(model);
  expect(await readFile(join(folder, "my demo/again.csv"), "utf8")).toBe(predictions);
  expect((await run("verify", "my demo/model/model.pth")).code).toBe(0);
});
