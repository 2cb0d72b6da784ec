// Writes docs/input-checks.md: what each model says to one query in many preparations, and how right its labels are.
//
//   npm run build && node bench/inputs/page.mjs DATA_FOLDER [--json results.json] [--out docs/input-checks.md]
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judgeMatrix } from "../../build/anndata/judgement/judge-matrix.js";
import { inWords } from "../../build/api/errors.js";
import { buildModel, openAnnData, predict, TrainedModel, writeDataset } from "../../build/api/index.js";
import { PREDICT_FLAGS } from "../../build/cli/options/options.js";
import { commandWords } from "../../build/cli/terminal/wording.js";
import { PREPARATIONS, readCounts } from "./preparations.mjs";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    only: { type: "string" },
    /** A folder where trained models are kept for the next run. */
    models: { type: "string" },
    out: { type: "string", default: join(import.meta.dirname, "../../docs/input-checks.md") },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("usage: node bench/inputs/page.mjs DATA_FOLDER");

const TYPES = {
  B: "B",
  "CD14+ Mono": "Mono_CD14",
  "CD8 T": "T_CD8",
  DC: "DC",
  "FCGR3A+ Mono": "Mono_CD16",
  "Memory CD4 T": "CD4 memory",
  NK: "NK",
  "Naive CD4 T": "CD4 naive",
  Platelet: "MK",
};
/** Reference and query, from two laboratories, with the names of types that both have; a type without one is left out. */
const REFERENCE = {
  file: "pbmc_3tech_symphony.h5ad",
  columns: ["cell_type_l2", "cell_type_l3_nested"],
  typeOf: (coarse, fine) => {
    if (coarse !== "T_CD4") return coarse;
    return fine === null ? null : /naive/i.test(fine) ? "CD4 naive" : "CD4 memory";
  },
};
const QUERY = {
  file: "pbmc3k_10xv1.h5ad",
  columns: ["cell_type"],
  /** Every third cell, which is enough. */
  every: 3,
  typeOf: (name) => TYPES[name] ?? null,
};
/** A cell of the table below this many points under clean counts must say something. */
const ALLOWED = 5;

const MODELS = [
  { name: "binary", options: { linearViews: false }, text: "the network alone, `--no-linear-views`" },
  { name: "default", options: {}, text: "a binary network with linear views" },
  {
    name: "normalised",
    options: { normalize: "log1p_cp10k", linearViews: false },
    text: "`--normalize log1p_cp10k --no-linear-views`",
  },
  { name: "best", options: { preset: "best" }, text: "`--preset best`" },
];

const words = commandWords(PREDICT_FLAGS, null).setting;
const say = (text) => process.stderr.write(`${text}\n`);

/** The counts of a dataset's cells with a type. */
async function cellsOf({ file, columns, typeOf, every = 1 }) {
  const adata = await openAnnData(join(folder, file));
  const read = await Promise.all(columns.map((name) => adata.obs.column(name)));
  const nameOf = (column, row) =>
    column.kind === "categorical" ? (column.categories[column.codes[row]] ?? null) : column.values[row];
  const types = Array.from({ length: adata.nObs }, (_, row) =>
    row % every === 0 ? typeOf(...read.map((column) => nameOf(column, row))) : null,
  );
  const rows = [...types.keys()].filter((row) => types[row] !== null);
  const counts = await readCounts(
    adata,
    rows,
    rows.map((row) => types[row]),
  );
  await adata.close();
  return counts;
}

const ofReference = await cellsOf(REFERENCE);
const reference = await PREPARATIONS[0].make(ofReference);
const counts = await cellsOf(QUERY);
say(
  `${ofReference.nRows} × ${ofReference.nCols} → ${counts.nRows} × ${counts.nCols}; ${[...new Set(ofReference.labels)].join(", ")} | ${[...new Set(counts.labels)].join(", ")}`,
);

async function trained(name, options) {
  const path = flags.models === undefined ? null : join(flags.models, name.replaceAll(" ", "-"), "model.pth");
  if (path !== null && existsSync(path)) return TrainedModel.load(path);
  const started = performance.now();
  const model = await buildModel(reference, { labelColumns: ["label"], ...options });
  if (path !== null) await model.save(path);
  say(`trained ${name} in ${Math.round((performance.now() - started) / 1000)} s`);
  return model;
}

const models = [];
for (const { name, options } of MODELS) models.push({ name, model: await trained(name, options) });

/** What one model says and does: its kind, its first line, and the share of right labels. */
async function tried(model, adata, options, truth) {
  try {
    const result = await predict(model, adata, options ?? {});
    const [{ raw }] = result.data.labels;
    const right = truth.filter((label, i) => raw.categories[raw.codes[i]] === label).length / truth.length;
    const warnings = result.warnings.map((warning) => inWords(warning, words));
    const notes = result.notes.map((note) => inWords(note, words));
    return {
      accuracy: right,
      messages: [
        ...warnings.map((own) => ({ kind: "warning", ...own })),
        ...notes.map((own) => ({ kind: "note", ...own })),
      ],
    };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { accuracy: null, messages: [{ kind: "error", ...inWords(error, words) }] };
  }
}

const results = [];
for (const { name, options, make, saved } of PREPARATIONS) {
  if (flags.only !== undefined && results.length > 0 && !name.includes(flags.only)) continue;
  const adata = saved === true ? await reopened(await make(counts)) : await make(counts);
  const judgement = await judgeMatrix(await adata.matrix("X"));
  const cells = [];
  for (const { name: modelName, model } of models) {
    const cell = await tried(model, adata, options, counts.labels);
    cells.push({ model: modelName, ...cell, ...compared(cell, results[0]?.cells[cells.length]) });
  }
  results.push({ name, verdict: judgement.verdict, evidence: judgement.evidence, cells });
  say(`${name}: ${judgement.verdict} (${judgement.evidence}); ${cells.map(shown).join(" | ")}`);
}

/** A dataset as it comes out of a file. */
async function reopened(adata) {
  const path = join(mkdtempSync(join(tmpdir(), "atlasmtl-inputs-")), "query.h5ad");
  await writeDataset(adata, path, {});
  return openAnnData(path);
}

/** What is said beyond what clean counts are told, the loudest first, and whether too little is. */
function compared({ accuracy, messages }, clean) {
  const usual = new Set(clean?.messages.map(({ message }) => firstWords(message)));
  const said = clean === undefined ? [] : messages.filter(({ message }) => !usual.has(firstWords(message)));
  const kind = ["error", "warning", "note"].find((own) => said.some((each) => each.kind === own)) ?? null;
  const isFar = accuracy !== null && clean !== undefined && accuracy < clean.accuracy - ALLOWED / 100;
  return { said, kind, isSilent: isFar && said.length === 0 };
}

/** Messages about the same thing begin alike; their numbers differ. */
function firstWords(message) {
  return message.split(" ").slice(0, 5).join(" ");
}

function shown({ accuracy, kind, isSilent }) {
  const label = accuracy === null ? "refused" : accuracy.toFixed(3);
  return `${label}${kind === null || kind === "error" ? "" : `, ${kind}`}${isSilent ? ", SILENT" : ""}`;
}

const silent = results.flatMap(({ name, cells }) =>
  cells.filter(({ isSilent }) => isSilent).map(({ model }) => `${name} (${model})`),
);
if (flags.json !== undefined) writeFileSync(flags.json, JSON.stringify(results, null, 2));
if (flags.only === undefined) writeFileSync(flags.out, page());
for (const each of silent) say(`silent: ${each}`);
if (silent.length > 0) process.exitCode = 1;

function page() {
  const head = ["preparation", "verdict on X", ...models.map(({ name }) => name)];
  const table = [
    head,
    head.map(() => "---"),
    ...results.map(({ name, verdict, cells }) => [name, `\`${verdict}\``, ...cells.map(shown)]),
  ].map((row) => `| ${row.join(" | ")} |`);
  const messages = results
    .filter(({ cells }) => cells.some(({ said }) => said.length > 0))
    .map(({ name, evidence, cells }) => {
      const byText = new Map();
      for (const { model, said } of cells)
        for (const { kind, message, hint } of said) {
          const text = `${kind}: ${message}${hint === undefined ? "" : ` · ${hint}`}`;
          byText.set(text, [...(byText.get(text) ?? []), model]);
        }
      const lines = [...byText].map(
        ([text, of]) =>
          `- ${of.length === models.length ? "all" : of.join(", ")}: \`${text.replaceAll("`", "'")}\``,
      );
      return `**${name}** (${evidence})\n\n${lines.join("\n")}`;
    });
  return `# What is said of a query's matrix

Made by \`node bench/inputs/page.mjs DATA_FOLDER\`. One query of ${counts.nRows.toLocaleString("en")} cells and ${counts.nCols.toLocaleString("en")} genes (pbmc3k, 10x v1, every third cell) is prepared in
${results.length} ways and given to ${models.length} models, trained on ${ofReference.nRows.toLocaleString("en")} cells of three other 10x chemistries. A cell of the table has the accuracy at nine types, before
\`Unknown\`, and the loudest thing that is said and is not said of clean counts: a *note* is a plain line, a *warning* is marked as one, *refused* is an error. Nothing is silent
and more than ${ALLOWED} points below clean counts; the command ends with exit code 1 otherwise. How matrices are judged: [specification](specification/4-preprocessing.md#judgement-of-a-matrix); what follows from it:
[values](specification/3-prediction.md#values).

The models: ${MODELS.map(({ name, text }) => `*${name}* (${text})`).join(", ")}.

${table.join("\n")}

## What was said

The text is that of the command line; the matrix is called \`memory › X\` as the query was made in memory.

${messages.join("\n\n")}
`;
}
