import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type TinyAtlas, tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, listing, program, type Run, runCli } from "./run-cli.ts";

const withoutStdout = (done: Run): Run => ({ ...done, stdout: "" });

let folder = "";
let before: string[] = [];
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const train = (adata: string, ...words: string[]): Promise<Run> =>
  run(
    ...["train", "--adata", adata, "--out", "out/m.pth", "--labels", "lineage", "cell_type"],
    ...["--num-epochs", "2", "--hidden-sizes", "8", ...words],
  );
const predict = (adata: string, ...words: string[]): Promise<Run> =>
  run("predict", "--model", "model/m.pth", "--adata", adata, "--out", "out/a.h5ad", ...words);

const ATLAS = tinyAtlas(40);
const withValue = (value: number): TinyAtlas => ({
  ...ATLAS,
  x: ATLAS.x.map((row, i) => (i === 17 ? row.map((old, gene) => (gene === 2 ? value : old)) : row)),
});
const FILES: Readonly<Record<string, TinyAtlas>> = {
  "ok.h5ad": ATLAS,
  "other-genes.h5ad": tinyAtlas(20, 4, 2, "ENSG"),
  "repeated-genes.h5ad": { ...ATLAS, varNames: ATLAS.varNames.map((name, i) => (i === 5 ? "G4" : name)) },
  "nan.h5ad": withValue(Number.NaN),
  "negative.h5ad": withValue(-1.5),
  "no-cells.h5ad": tinyAtlas(0),
  "no-genes.h5ad": { ...ATLAS, varNames: [], x: ATLAS.x.map(() => []) },
  "all-zero.h5ad": { ...ATLAS, x: ATLAS.x.map((row) => row.map(() => 0)) },
  "missing-labels.h5ad": {
    ...ATLAS,
    obs: { ...ATLAS.obs, cell_type: ATLAS.obs.cell_type.map((label, i) => (i < 3 ? null : label)) },
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-bad-"));
  for (const [name, atlas] of Object.entries(FILES)) await writeH5ad(join(folder, name), atlas);
  const whole = await readFile(join(folder, "ok.h5ad"));
  await writeFile(join(folder, "half.h5ad"), whole.subarray(0, whole.length / 2));
  await writeFile(join(folder, "text.h5ad"), "gene,cell\n");
  await writeFile(join(folder, "empty.h5ad"), "");
  await writeFile(join(folder, "a-file"), "");
  await mkdir(join(folder, "a-folder.pth"));
  const words = [
    ...["--preset", "original", "--labels", "lineage", "cell_type"],
    ...["--num-epochs", "2", "--hidden-sizes", "8"],
  ];
  const { code, stderr } = await run("train", "--adata", "ok.h5ad", "--out", "model/m.pth", ...words);
  expect(code, stderr).toBe(0);
  before = await listing(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
// Whatever went wrong, nothing may be left: no output, no temporary file, no folder made for one.
afterEach(async () => expect(await listing(folder)).toEqual(before));

describe("input data ends with 3", () => {
  test.each([
    ["missing-labels.h5ad", /3 of 40 cells have no label/, /cell_type/],
    ["repeated-genes.h5ad", /G4/, /var names/],
    ["nan.h5ad", /"G2" of cell "cell-1-17" is NaN/, /nan\.h5ad › X/],
    ["negative.h5ad", /-1\.5/, /negative\.h5ad › X/],
    ["no-cells.h5ad", /no cells/, /no-cells\.h5ad/],
    ["no-genes.h5ad", /no genes/, /no-genes\.h5ad/],
    ["all-zero.h5ad", /zero/, /all-zero\.h5ad › X/],
    ["half.h5ad", /./, /half\.h5ad/],
    ["text.h5ad", /HDF5/, /text\.h5ad/],
    ["empty.h5ad", /./, /empty\.h5ad/],
    ["absent.h5ad", /no such file/, /absent\.h5ad/],
    ["a-folder.pth", /folder/, /a-folder\.pth/],
  ])("training on %s", async (name, what, where) => expectFailure(await train(name), 3, what, where));

  test.each([
    ["other-genes.h5ad", /none of the model's 24 genes/, /var names/],
    ["repeated-genes.h5ad", /G4/, /var names/],
    ["nan.h5ad", /is NaN/, /nan\.h5ad › X/],
    ["negative.h5ad", /-1\.5/, /negative\.h5ad › X/],
    ["no-genes.h5ad", /./, /no-genes\.h5ad/],
    ["half.h5ad", /./, /half\.h5ad/],
    ["text.h5ad", /HDF5/, /text\.h5ad/],
    ["absent.h5ad", /no such file/, /absent\.h5ad/],
  ])("predicting %s", async (name, what, where) => expectFailure(await predict(name), 3, what, where));

  test("a label column, an array or a layer that is not there, with the nearest one", async () => {
    const near = await train("ok.h5ad", "--labels", "cel_type");
    expectFailure(near, 3, /cel_type.*/, /ok\.h5ad › obs/);
    expect(near.stderr).toMatch(/cell_type"/);
    const list = await train("ok.h5ad", "--labels", "lineage,cell_type");
    expectFailure(list, 3, /there is no column "lineage,cell_type", but one for each/, /ok\.h5ad › obs/);
    expect(list.stderr).toMatch(/^fix:.*give the 2 columns one by one, as lineage cell_type$/m);
    expectFailure(await train("ok.h5ad", "--umap-key", "X_umpa"), 3, /X_umpa/, /ok\.h5ad/);
    expectFailure(await train("ok.h5ad", "--layer", "counts"), 3, /counts/);
    expectFailure(await predict("ok.h5ad", "--layer", "counts"), 3, /counts/);
  });

  test("the hint of missing labels is a flag that works", async () => {
    expect((await train("missing-labels.h5ad")).stderr).toMatch(/^fix:.*--missing-labels ignore/m);
    const { code } = await train("missing-labels.h5ad", "--missing-labels", "ignore");
    expect(code).toBe(0);
    await rm(join(folder, "out"), { recursive: true });
  });
});

describe("a wrong call ends with 2", () => {
  test.each([
    [["trian"], /unknown command "trian"; did you mean "train"/],
    [["train", "--adat", "x"], /unknown option "--adat"; did you mean "--adata"/],
    [["train", "--labels"], /--labels needs a value/],
    [["train", "--out", "m.pth", "--labels", "a"], /--adata is missing/],
    [["train"], /--adata, --out and --labels are missing/],
    [["predict"], /--model, --adata and --out are missing/],
    [
      ["split", "--adata", "a.h5ad", "--out", "s.json"],
      /--split-key, --target-label, --build-size and --predict-size are/,
    ],
    [["evaluate", "--labels", "l"], /--predictions and --truth are missing/],
    [["preprocess", "query", "--adata", "a.h5ad"], /--out and --panel are missing/],
    [["benchmark"], /--dataset-manifest and --output-dir are missing/],
    [["predict", "--model", "m.pth", "--adata", "q.h5ad"], /--out is missing/],
    [["inspect"], /path/],
    [["verify", "ok.h5ad"], /\.pth/],
    [["inspect", "a", "b"], /too many words/],
  ])("%j", async (words, what) => expectFailure(await run(...words), 2, what));

  test.each([
    [["--optimizer-name", "admw"], /did you mean "adamw"/, /--optimizer-name/],
    [["--hidden-sizes", "0"], /--hidden-sizes/, /./],
    [["--dropout-rate", "1"], /--dropout-rate/, /./],
    [["--val-fraction", "0", "--calibration", "temperature_scaling"], /--val-fraction/, /./],
    [["--out", "m.pt"], /"m\.pt".*ends in \.pth/, /--out/],
    [["--out", "a-folder.pth"], /folder/, /a-folder\.pth/],
    [["--config", "absent.yaml"], /no such file/, /absent\.yaml/],
    [["--reference-path", "r.txt"], /\.pkl/, /./],
    [["--task-weights", "1"], /--task-weights/, /./],
  ])("train %j", async (words, what, where) =>
    expectFailure(await train("ok.h5ad", ...words), 2, what, where),
  );

  test.each([
    [["--out", "a.tsv"], /ends in \.h5ad, \.zarr, \.csv, \.csv\.gz, \.parquet, \.arrow/, /--out/],
    [["--knn-correction", "low_conf"], /did you mean "low_conf_only"/, /--knn-correction/],
    [["--confidence-low", "2"], /--confidence-low is 2/, /--confidence-low/],
    [["--openset-method", "prototype"], /--openset-threshold/, /--openset/],
    [
      ["--prediction-sets", "1"],
      /--prediction-sets is 1, expected a number at least 0.5/,
      /--prediction-sets/,
    ],
    [
      ["--prediction-sets", "0.9", "--no-calibration"],
      /needs calibrated probabilities, which --no-calibration/,
      /--prediction-sets/,
    ],
    [["--enforce-hierarchy"], /--hierarchy-rules/, /--enforce-hierarchy/],
    [["--model", "model/m.pt"], /\.pth/, /m\.pt/],
  ])("predict %j", async (words, what, where) =>
    expectFailure(await predict("ok.h5ad", ...words), 2, what, where),
  );

  test.each<[string[], string]>([
    [
      ["train"],
      "add --adata FILE --out FILE --labels COLUMN, or adata, out and labels to the file of --config",
    ],
    [["evaluate", "--labels", "l"], "add --predictions FILE --truth FILE"],
    [["predict", "--auto-genes=true"], "write --auto-genes alone"],
    [["predict", "--auto-genes=false"], "leave --auto-genes out"],
    [["train", "--sceduler-name"], "write --scheduler-name"],
    [["classify"], "write atlasmtl predict, which annotates a query with a trained model"],
    [["map", "q.h5ad"], "write atlasmtl predict, which annotates a query with a trained model"],
    [["version"], "write atlasmtl --version"],
    [["completion"], "there is no completion for shells; atlasmtl --help lists the commands"],
    [
      ["zzz"],
      "use any of train, predict, merge, annotate, preprocess, split, evaluate, benchmark, report, reproduce, refine, openset, harmonise, explain, import, inspect, verify, doctor, demo",
    ],
    [["inspect"], "write atlasmtl inspect <path>"],
    [["inspect", "a", "b"], "give one path at a time, and quote names with blanks"],
    [["train", "a.h5ad"], "name files by flags, such as --adata FILE, and quote names with blanks"],
    [["train", "--adata", "ok.h5ad", "--labels", "a", "--out", "m.pkl"], "write m.pth"],
    [["train", "--adata", "ok.h5ad", "--labels", "a", "--out", "models/"], "write models/model.pth"],
    [
      ["train", "--adata", "ok.h5ad", "--labels", "a", "--out", "m.zip", "--reference-path", "r.pkl"],
      "leave it out, or write a .pth",
    ],
    [
      ["predict", "--model", "ok.h5ad", "--adata", "model/m.pth", "--out", "a.csv"],
      "swap the two: --model model/m.pth --adata ok.h5ad",
    ],
    [
      ["predict", "--model", "ok.h5ad", "--adata", "ok.h5ad", "--out", "a.csv"],
      "give the .pth of a model, its _manifest.json, its folder or its .zip",
    ],
    [
      ["predict", "--model", "model/m.pth", "--adata", "model/m.pth", "--out", "a.csv"],
      "give a dataset; a model goes to --model",
    ],
    [
      ["report", "ok.h5ad"],
      "give the folder or the predict_run_manifest.json of the run that made it, or predict with --report FILE.html",
    ],
    [["evaluate", "--config"], "leave it out; atlasmtl evaluate --help lists the options there are"],
  ])("%j: the way on is %s", async (words, fix) => {
    const done = await run(...words);
    expectFailure(done, 2, /./);
    expect(done.stderr.split("\n")[2]).toBe(`fix:   ${fix}`);
  });

  test("the report of a result is that of its run", async () => {
    await run("predict", "--model", "model/m.pth", "--adata", "ok.h5ad", "--out", "r/a.csv");
    const done = await run("report", "r/a.csv");
    await rm(join(folder, "r"), { recursive: true });
    expectFailure(done, 2, /a dataset or a table, expected a run/, /r\/a\.csv/);
    expect(done.stderr).toContain("fix:   write atlasmtl report r/predict_run_manifest.json\n");
  });

  test("a wrong setting is found before the data is read", async () => {
    expectFailure(await train("absent.h5ad", "--hidden-sizes", "0"), 2, /--hidden-sizes/);
  });
});

describe("an artifact at fault ends with 4", () => {
  /** A changed copy of the bundle; removed after `work`. */
  async function withBundle(
    change: (at: (name: string) => string) => Promise<void>,
    work: () => Promise<void>,
  ) {
    const at = (name: string): string => join(folder, "changed", name);
    await mkdir(at(""));
    try {
      for (const name of ["m.pth", "m_metadata.pkl", "m_reference.pkl", "m_space.pt", "m_manifest.json"])
        await writeFile(at(name), await readFile(join(folder, "model", name)));
      await change(at);
      await work();
    } finally {
      await rm(at(""), { recursive: true });
    }
  }
  const predictChanged = (...words: string[]): Promise<Run> =>
    predict("ok.h5ad", "--model", "changed/m.pth", ...words);

  test("a model that is not there", async () => {
    expectFailure(await predict("ok.h5ad", "--model", "absent/m.pth"), 4, /missing|no such file/, /absent/);
    expectFailure(await run("verify", "absent/m_manifest.json"), 4, /no such file/, /absent/);
  });

  test("a model is found by its folder, as inspect finds it", async () => {
    const done = await predict("ok.h5ad", "--model", "model");
    expect(done.code, done.stderr).toBe(0);
    const { inputs } = JSON.parse(await readFile(join(folder, "out", "predict_run_manifest.json"), "utf8"));
    expect(inputs.map(({ path }: { path: string }) => path)).toContain("model/m.pth");
    await rm(join(folder, "out"), { recursive: true });
  });

  test("a folder without a model, or with two of them", async () => {
    await mkdir(join(folder, "two"));
    for (const name of ["a.pth", "b.pth"]) await writeFile(join(folder, "two", name), "");
    await mkdir(join(folder, "none"));
    const two = await predict("ok.h5ad", "--model", "two");
    const none = await predict("ok.h5ad", "--model", "none");
    for (const name of ["two", "none"]) await rm(join(folder, name), { recursive: true });
    expectFailure(two, 2, /holds 2 models, expected one/, /two/);
    expect(two.stderr).toContain("fix:   give the path of one of them, such as two/a.pth\n");
    expectFailure(none, 4, /holds no model/, /none/);
  });

  test("prediction sets of a model without calibration are refused before the data is read", async () => {
    const done = await predict("absent.h5ad", "--prediction-sets", "0.9");
    expectFailure(done, 4, /no thresholds of prediction sets/, /train_config/);
    expect(done.stderr).toMatch(/^fix:.*--val-fraction and --calibration$/m);
  });

  test("a changed file, with both digests; --no-verify lets it pass", () =>
    withBundle(
      async (at) => {
        const manifest = JSON.parse(await readFile(at("m_manifest.json"), "utf8"));
        manifest.checksums.metadata_path = "0".repeat(64);
        await writeFile(at("m_manifest.json"), JSON.stringify(manifest));
      },
      async () => {
        expectFailure(await predictChanged(), 4, /[0-9a-f]{64}.*0{64}/, /m_metadata\.pkl/);
        expect((await predictChanged("--no-verify")).code).toBe(0);
        await rm(join(folder, "out"), { recursive: true });
      },
    ));

  test("a truncated model", () =>
    withBundle(
      async (at) => writeFile(at("m.pth"), (await readFile(at("m.pth"))).subarray(0, 500)),
      async () => {
        expectFailure(await predictChanged(), 4, /SHA-256/, /m\.pth/);
        expectFailure(await predictChanged("--no-verify"), 4, /./, /m\.pth/);
      },
    ));

  test("a run says in one line that nothing was verified", () =>
    withBundle(
      async (at) => {
        const { checksums: _, ...others } = JSON.parse(await readFile(at("m_manifest.json"), "utf8"));
        await writeFile(at("m_manifest.json"), JSON.stringify(others));
      },
      async () => {
        const plain = await predictChanged();
        const unchecked = await predict("ok.h5ad", "--no-verify");
        const checked = await predict("ok.h5ad");
        await rm(join(folder, "out"), { recursive: true });
        expect(plain.stderr).toMatch(
          /^note: nothing was verified: no checksums of changed\/m\.pth are recorded$/m,
        );
        expect(unchecked.stderr).toMatch(/^note: nothing was verified: --no-verify is set$/m);
        expect([checked.code, checked.stderr]).toEqual([
          0,
          expect.not.stringMatching(/nothing was verified/),
        ]);
        expectFailure(await run("verify", "changed/m.pth", "--json").then(withoutStdout), 4, /no checksum/);
      },
    ));

  test("a newer schema, by its number", () =>
    withBundle(
      async (at) => {
        const manifest = JSON.parse(await readFile(at("m_manifest.json"), "utf8"));
        await writeFile(at("m_manifest.json"), JSON.stringify({ ...manifest, schema_version: 2 }));
      },
      async () => {
        expectFailure(await predictChanged(), 4, /2/, /m_manifest\.json › schema_version/);
        expectFailure(await run("verify", "changed/m.pth"), 4, /2/, /schema_version/);
      },
    ));

  test("a pickle that asks for a function to be called, and does not get it", () =>
    withBundle(
      async (at) => {
        await rm(at("m_manifest.json"));
        await writeFile(at("m_metadata.pkl"), "cposix\nsystem\n(S'touch pwned'\ntR.");
      },
      async () => {
        expectFailure(await predictChanged(), 4, /posix\.system/, /m_metadata\.pkl/);
        const inspected = await run("inspect", "changed/m_metadata.pkl");
        expect(inspected.stdout).toMatch(/m_metadata\.pkl: cannot be read, 33 B/);
        expectFailure(withoutStdout(inspected), 4, /posix\.system/, /m_metadata\.pkl/);
        expectFailure(await run("verify", "changed/m.pth"), 4, /no manifest/, /changed/);
      },
    ));
});

describe("with --json a failure is JSON, with the same exit code and the lines for people on stderr", () => {
  test.each<[string, string[], number, object]>([
    [
      "an option",
      ["train", "--adata", "ok.h5ad", "--out", "m.pth", "--labels", "lineage", "--val-fraction", "2"],
      2,
      { code: "USAGE", where: "--val-fraction", options: ["--val-fraction"] },
    ],
    [
      "two options",
      ["predict", "--model", "model/m.pth", "--adata", "ok.h5ad", "--out", "a.csv", "--enforce-hierarchy"],
      2,
      { code: "USAGE", options: ["--enforce-hierarchy", "--hierarchy-rules"] },
    ],
    ["a flag", ["train", "--adat", "x"], 2, { code: "USAGE", where: "atlasmtl train", options: [] }],
    ["a command", ["trian"], 2, { code: "USAGE", where: "atlasmtl" }],
    [
      "data",
      ["preprocess", "reference", "--adata", "absent.h5ad", "--out", "o.h5ad"],
      3,
      { code: "NOT_FOUND" },
    ],
    [
      "a model",
      ["predict", "--model", "no.pth", "--adata", "ok.h5ad", "--out", "a.csv"],
      4,
      { code: "NOT_FOUND" },
    ],
    ["what there is not", ["inspect", "absent.h5ad"], 3, { code: "NOT_FOUND", where: "absent.h5ad" }],
    ["a run", ["verify", "absent.json"], 4, { code: "NOT_FOUND" }],
    ["a report", ["report", "absent.json"], 3, { code: "NOT_FOUND" }],
    ["a run again", ["reproduce", "absent.json"], 3, { code: "NOT_FOUND" }],
  ])("%s", async (_what, words, code, expected) => {
    const done = await run(...words, "--json");
    expect(done.code, done.stderr).toBe(code);
    const { error } = JSON.parse(done.stdout);
    expect(Object.keys(error)).toEqual(["code", "message", "where", "hint", "options"]);
    expect(error).toMatchObject(expected);
    expect(done.stderr).toBe(`error: ${error.message}\nwhere: ${error.where}\nfix:   ${error.hint}\n`);
  });

  /** Files of the test's folder that no reader takes: the exit code of `inspect`, and what another command says of it. */
  test.each<[string, number, string[] | null]>([
    ["half.h5ad", 3, ["train", "--labels", "lineage", "--out", "out/m.pth", "--adata"]],
    ["text.h5ad", 3, ["train", "--labels", "lineage", "--out", "out/m.pth", "--adata"]],
    ["empty.h5ad", 3, ["train", "--labels", "lineage", "--out", "out/m.pth", "--adata"]],
    ["damaged/cut.pth", 4, ["predict", "--adata", "ok.h5ad", "--out", "out/a.csv", "--model"]],
    ["damaged/cut.json", 4, ["verify"]],
    ["damaged/cut.pkl", 4, null],
    ["damaged/store.zarr", 3, ["train", "--labels", "lineage", "--out", "out/m.pth", "--adata"]],
  ])("inspect of %s, as another command has it", async (path, code, other) => {
    await mkdir(join(folder, "damaged/store.zarr"), { recursive: true });
    await writeFile(join(folder, "damaged/store.zarr/.zgroup"), "{");
    for (const name of ["cut.pth", "cut.json", "cut.pkl"])
      await writeFile(join(folder, "damaged", name), "{");
    const inspected = await run("inspect", path, "--json");
    const plain = await run("inspect", path);
    const same = other === null ? null : await run(...other, path, "--json");
    await rm(join(folder, "damaged"), { recursive: true });

    const { error, ...found } = JSON.parse(inspected.stdout);
    expect([inspected.code, plain.code], inspected.stderr).toEqual([code, code]);
    expect(Object.keys(error)).toEqual(["code", "message", "where", "hint", "options"]);
    expect(error.where).toContain(path);
    expect(found).toMatchObject({ path, kind: "unreadable" });
    expect(inspected.stderr).toBe(`error: ${error.message}\nwhere: ${error.where}\nfix:   ${error.hint}\n`);
    expect(plain.stderr).toBe(inspected.stderr);
    expect(plain.stdout).toContain(`${path}: `);
    if (same === null) return;
    expect(same.code).toBe(code);
    const { code: otherCode, message } = JSON.parse(same.stdout).error;
    expect([otherCode, message]).toEqual([error.code, error.message]);
  });

  test("an exception that nothing caught is a bug, in JSON too", async () => {
    const thrower = join(folder, "throw.mjs");
    await writeFile(
      thrower,
      `const wait = setInterval(() => {
        if (process.listenerCount("uncaughtException") === 0) return;
        clearInterval(wait);
        throw new TypeError("out of nowhere");
      }, 1);`,
    );
    const launcher = [process.execPath, "--import", thrower, program];
    const words = ["demo", "out", "--json", "--no-progress"];
    const { code, stdout, stderr } = await runCli(words, { cwd: folder, launcher });
    await rm(thrower);
    await rm(join(folder, "out"), { recursive: true, force: true });
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({
      code: "BUG",
      message: "internal error: out of nowhere",
      where: "atlasmtl",
      hint: expect.stringMatching(/report it/),
      options: [],
    });
    expect(stderr).toBe(`error: ${error.message}\nwhere: ${error.where}\nfix:   ${error.hint}\n`);
  });

  test("no command at all", async () => {
    const { code, stdout, stderr } = await run("--json");
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, "USAGE"]);
    expect(stderr).toMatch(/^Usage: atlasmtl/);
  });

  test("beside what the command found", async () => {
    await mkdir(join(folder, "cut"));
    for (const name of ["m.pth", "m_metadata.pkl", "m_reference.pkl", "m_manifest.json"])
      await writeFile(join(folder, "cut", name), await readFile(join(folder, "model", name)));
    await writeFile(join(folder, "cut", "m.pth"), "changed");
    const { code, stdout } = await run("verify", "cut/m.pth", "--json");
    await rm(join(folder, "cut"), { recursive: true });
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      files: expect.arrayContaining([expect.objectContaining({ path: "cut/m.pth", status: "CHANGED" })]),
      error: { code: "CHECKSUM", where: "cut/m.pth" },
    });
  });
});

describe("the machine ends with 5", () => {
  test("a file in place of the output's folder", async () => {
    const inTheWay = ["--out", "a-file/m.pth"];
    expectFailure(await train("ok.h5ad", ...inTheWay), 5, /folder/, /a-file/);
    expectFailure(await predict("ok.h5ad", "--out", "a-file/a.csv"), 5, /folder/, /a-file/);
  });

  test.skipIf(process.platform === "win32")("a file that may not grow, as on a full disk", async () => {
    const limited = (blocks: number, words: string[]): Promise<Run> =>
      runCli(words, {
        cwd: folder,
        launcher: ["bash", "-c", `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, program],
      });
    const words = ["--labels", "lineage", "--num-epochs", "1", "--hidden-sizes", "256"];
    const trained = await limited(8, ["train", "--adata", "ok.h5ad", "--out", "out/m.pth", ...words]);
    expectFailure(trained, 5, /limit|disk|exceed/, /out/);
    const query = ["--model", "model/m.pth", "--adata", "ok.h5ad"];
    expectFailure(await limited(8, ["predict", ...query, "--out", "out/a.h5ad"]), 5, /./, /a\.h5ad/);
    expectFailure(await limited(1, ["predict", ...query, "--out", "out/a.csv"]), 5, /./, /a\.csv/);
  });
});

describe("Ctrl-C ends with 130", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s during training leaves nothing", async (signal) => {
    let isSent = false;
    const words = ["--labels", "lineage", "cell_type", "--num-epochs", "1000000", "--progress"];
    const { code, stdout, stderr } = await runCli(
      ["train", "--adata", "ok.h5ad", "--out", "out/m.pth", ...words],
      {
        cwd: folder,
        onStderr(text, kill) {
          if (isSent || !/^train \d/m.test(text)) return;
          isSent = true;
          kill(signal);
        },
      },
    );
    expect(stderr).toMatch(/error: interrupted\nwhere: .+\nfix: {3}.+\n$/);
    expect([code, stdout]).toEqual([130, ""]);
  });
});

describe("help and version", () => {
  test("help has examples at every level, on stdout", async () => {
    for (const words of [[], ["train"], ["predict"], ["inspect"], ["verify"], ["demo"]]) {
      const { code, stdout, stderr } = await run(...words, "--help");
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^Examples:\n {2}atlasmtl /m);
    }
  });

  test("help names the defaults of the library and the choices", async () => {
    const { stdout } = await run("train", "--help");
    expect(stdout).toMatch(/--batch-size <N> .*\(default: 256\)/);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /--optimizer-name <WORD> optimiser \(adamw, adam; default: adamw\)/,
    );
  });

  test("help says that train preprocesses nothing unless it is asked to", async () => {
    const { stdout } = await run("train", "--help");
    const group = stdout.split("\n\n").find((text) => text.includes("--feature-space"));
    expect(group).toMatch(/^Preprocessing, off unless one of these is given:\n/);
    const { stdout: own } = await run("preprocess", "--help");
    expect(own).not.toContain("off unless");
  });

  test("--version is that of the package; no command at all is a wrong call", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: atlasmtl/);
  });

  test("the stack is shown with --debug only", async () => {
    const { stderr } = await predict("absent.h5ad", "--debug");
    expect(stderr).toMatch(/^error: .*\nwhere: .*\nfix: {3}.*\nAtlasmtlError: [\s\S]*\n {4}at /);
  });
});

describe.runIf(process.platform === "linux")("the machine ends with 5", () => {
  const TO_FULL = ["sh", "-c", 'exec "$0" "$@" > /dev/full', process.execPath, program];

  test.each([
    [["inspect", "ok.h5ad"]],
    [["inspect", "ok.h5ad", "--json"]],
    [["--help"]],
    [["verify", "model/m.pth"]],
  ])("a full stdout: %j", async (words) => {
    const done = await runCli(words, { cwd: folder, launcher: TO_FULL });
    expect([done.code, done.stderr]).toEqual([
      5,
      expect.stringMatching(/^error: .*the disk is full\nwhere: standard output$/m),
    ]);
  });

  test("a limit of address space below what the HDF5 library reserves", async () => {
    const launcher = ["sh", "-c", 'ulimit -v 4000000; exec "$0" "$@"', process.execPath, program];
    const words = ["train", "--adata", "ok.h5ad", "--out", "out/m.pth", "--labels", "lineage"];
    expectFailure(await runCli(words, { cwd: folder, launcher }), 5, /HDF5 library.*memory/, /ok\.h5ad/);
  });

  test("a folder that cannot be made", async () => {
    const done = await predict("ok.h5ad", "--out", "/proc/x/y/a.csv");
    expectFailure(done, 5, /cannot be made/, /\/proc\/x\/y\/a\.csv/);
  });
});
