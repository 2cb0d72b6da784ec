// The table of agreement with CellTypist in docs/from-celltypist.md. Run it after `npm run build`:
//
//   node bench/celltypist-agreement.mjs [--celltypist PYTHON] [--sklearn PYTHON …] [--models FOLDER]
//
// `--celltypist` has celltypist, which trains, writes and annotates; each `--sklearn` has a scikit-learn, whose classifiers are pickled as
// celltypist does and scored by `decision_function`. The models are those of test/interop/celltypist_models.py. With `--models`, a folder
// of published models, it also says what opening each takes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createAnnData, isAtlasmtlError, predict, TrainedModel } from "../build/api/index.js";

const { values } = parseArgs({
  options: {
    celltypist: { type: "string" },
    sklearn: { type: "string", multiple: true, default: [] },
    models: { type: "string" },
  },
});
const trainers = [
  ...(values.celltypist === undefined ? [] : [["celltypist", values.celltypist]]),
  ...values.sklearn.map((python) => ["sklearn", python]),
];
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-agreement-"));
try {
  console.log(
    "| trained by | model | mode | labels equal | probabilities, largest difference | processor time to open, ms |",
  );
  console.log("| --- | --- | --- | ---: | ---: | ---: |");
  for (const [trainer, python] of trainers) await compare(trainer, python);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.models !== undefined) await openAll(values.models);

async function compare(trainer, python) {
  const script = join(import.meta.dirname, "../test/interop/celltypist_models.py");
  const { status, stdout, stderr } = spawnSync(python, ["-W", "ignore", script, trainer, folder], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${python} ended with code ${status}: ${stderr.slice(-500)}`);
  const { version, cases } = JSON.parse(stdout.trim().split("\n").at(-1));
  for (const one of cases) {
    const adata = await queryOf(one);
    const [model, ms] = await opened(one.pickle);
    const options = { probabilities: "all", numThreads: 1 };
    const best = (await predict(model, adata, options)).data;
    const prob = (await predict(model, adata, { ...options, matchMode: "prob_match", pThres: 0.5 })).data;
    const apart = largest(best.probabilities[0].columns, one.p);
    const modes = [
      ["best match", best.labels[0].final, one.best],
      ["prob match", prob.labels[0].probMatch, one.prob],
    ];
    for (const [mode, { codes, categories }, expected] of modes) {
      const equal = expected.filter((label, r) => categories[codes[r]] === label).length;
      console.log(
        `| ${trainer === "sklearn" ? "scikit-learn" : trainer} ${version} | ${one.name} | ${mode} | ${equal} of ${expected.length} | ${apart.toExponential(1)} | ${ms.toFixed(1)} |`,
      );
    }
  }
}

function queryOf({ query, genes }) {
  const X = { nRows: query.length, nCols: genes.length, data: Float32Array.from(query.flat()) };
  return createAnnData({ X, obs: { index: query.map((_, r) => `c${r}`) }, var: { index: genes } });
}

function largest(columns, expected) {
  let apart = 0;
  columns.forEach(({ values: found }, c) => {
    found.forEach((value, r) => {
      apart = Math.max(apart, Math.abs(value - expected[r][c]));
    });
  });
  return apart;
}

/** The model, and the processor time of opening it in milliseconds, the median of seven. */
async function opened(path) {
  const times = [];
  let model = null;
  for (let i = 0; i < 7; i++) {
    const began = process.cpuUsage();
    model = await TrainedModel.load(path);
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / 1000);
  }
  return [model, times.sort((a, b) => a - b)[3]];
}

async function openAll(models) {
  console.log("\n| published model | kB | processor time to open, ms |\n| --- | ---: | ---: |");
  for (const name of readdirSync(models).filter((each) => each.endsWith(".pkl"))) {
    const path = join(models, name);
    const size = Math.round(statSync(path).size / 1000);
    try {
      const [, ms] = await opened(path);
      console.log(`| ${name} | ${size} | ${ms.toFixed(1)} |`);
    } catch (error) {
      if (!isAtlasmtlError(error)) throw error;
      console.log(`| ${name} | ${size} | ${error.code}: ${error.message} |`);
    }
  }
}
