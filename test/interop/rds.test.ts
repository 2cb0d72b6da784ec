/** Objects that R writes here and now are the cells that they are in Python: the same models, predictions and tables, by the command line. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PYTHON, runPython } from "../helpers/python.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = here("../../dist/bin/main.js");

const OBJECTS = [
  ...["seurat4-gzip", "seurat4-plain", "seurat4-version2", "seurat4-native", "seurat5", "seurat5-split"],
  ...["seurat4-bzip2", "seurat4-xz", "seurat4-xz1", "seurat4-xz9", "sce-real"],
  ...["sce-sparse", "sce-dense", "sce-delayed-beside", "se"],
];
/** Those of which Python compares every value. */
const CONVERTED = ["seurat4-gzip", "seurat5-split", "sce-dense", "se"];
const MATRICES = ["matrix-dgC", "matrix-dgR", "matrix-dgT", "matrix-dense"];

/** The files of a model without its records, which say how long it took. */
const WEIGHTS = ["model.pth", "model_reference.pkl", "model_space.pt"];

/** True if R is here; where it has to be, its absence is an error. */
const hasR =
  process.env.CI === "true" ||
  spawnSync("Rscript", ["-e", "library(Seurat); library(SingleCellExperiment)"]).status === 0;
if (!hasR) console.log("skipped without R, Seurat and SingleCellExperiment: objects of R");

describe.skipIf(!hasR)("objects of R", () => {
  let folder: string;
  const at = (...names: string[]): string => join(folder, ...names);
  const run = (...words: string[]): string =>
    execFileSync(process.execPath, [program, ...words], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  beforeAll(() => {
    if (!existsSync(program)) throw new Error('dist is missing: run "npm run build" first');
    folder = mkdtempSync(join(tmpdir(), "atlasmtl-rds-"));
    execFileSync("Rscript", [here("rds_files.R"), folder], { stdio: ["ignore", "pipe", "pipe"] });
    runPython(PYTHON, here("rds_files.py"), folder);
    train("cells.h5ad", "python");
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const train = (file: string, name: string): void => {
    const options = [
      "--labels",
      "cell_type",
      "--preset",
      "fast",
      "--num-threads",
      "1",
      "--random-state",
      "3",
    ];
    run("train", "--adata", at(file), "--out", at(name, "model.pth"), ...options);
  };
  const predict = (file: string, out: string): Buffer => {
    run("predict", "--model", at("python", "model.pth"), "--adata", at(file), "--out", at(out));
    return readFileSync(at(out));
  };

  test.each(["seurat4-gzip", "sce-dense"])(
    "a model trained from %s has the weights of one from .h5ad, byte by byte",
    (name) => {
      train(`${name}.rds`, name);
      for (const file of WEIGHTS)
        expect([file, readFileSync(at(name, file)).equals(readFileSync(at("python", file)))]).toEqual([
          file,
          true,
        ]);
    },
  );

  test("predictions have the bytes of those from .h5ad, whatever holds the cells", () => {
    const wanted = predict("cells.h5ad", "wanted.csv");
    expect(wanted.toString().split("\n").length).toBeGreaterThan(240);
    for (const name of [...OBJECTS, ...MATRICES])
      expect([name, predict(`${name}.rds`, `${name}.csv`).equals(wanted)]).toEqual([name, true]);
  });

  test("an .h5ad that is made of them has in Python the values and the missing ones of R", () => {
    const made = CONVERTED.map((name) => {
      predict(`${name}.rds`, `${name}.h5ad`);
      return at(`${name}.h5ad`);
    });
    const reductions = JSON.parse(runPython(PYTHON, here("rds_files.py"), folder, ...made)) as string[][];
    expect(reductions.filter((keys) => keys.includes("X_pca"))).toHaveLength(CONVERTED.length - 1);
  });

  test("preprocess keeps the counts, and inspect says what is there", () => {
    const kept = ["--var-names-type", "symbol", "--species", "human", "--unmapped-policy", "keep_original"];
    for (const name of ["cells.h5ad", "seurat4-gzip.rds"])
      run("preprocess", "reference", "--adata", at(name), "--out", at("prepared", `${name}.h5ad`), ...kept);
    expect(predict("prepared/seurat4-gzip.rds.h5ad", "prepared-r.csv")).toEqual(
      predict("prepared/cells.h5ad.h5ad", "prepared-python.csv"),
    );
    const said = run("inspect", at("seurat4-gzip.rds"));
    for (const words of [/240/, /160/, /cell_type/, /donor/, /X_pca/, /ADT/]) expect(said).toMatch(words);
  });

  test.each([
    ["refused-delayed.rds", /DelayedMatrix of DelayedArray.*in R, before saveRDS/s],
    ["refused-ascii.rds", /ASCII.*saveRDS/s],
    ["refused-objects.RData", /of save\(\).*in R, load the file.*saveRDS/s],
  ])("%s is refused with what to do in R", (name, words) => {
    const { status, stderr } = spawnSync(process.execPath, [program, "inspect", at(name)], {
      encoding: "utf8",
    });
    expect(status).toBe(3);
    expect(stderr).toMatch(words);
  });
});
