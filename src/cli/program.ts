/** The commands of `atlasmtl` and how the program runs one of them. @module */
import { Command, type CommanderError } from "commander";
import { CELL_SPLIT_DEFAULTS, PREPROCESS_DEFAULTS, SPLIT_DEFAULTS } from "../api/options.ts";
import { VERSION } from "../api/version.ts";
import type { CommandContext } from "./context.ts";
import { DATASET_FLAG_DEFAULTS, OPEN_FLAGS } from "./options/dataset-flags.ts";
import type { FlagTable, FlagValues } from "./options/flag.ts";
import type { GivenConfig } from "./options/given-config.ts";
import {
  ANNOTATE_FLAG_DEFAULTS,
  ANNOTATE_FLAGS,
  BENCHMARK_FLAGS,
  EVALUATE_FLAGS,
  EXPLAIN_FLAG_DEFAULTS,
  EXPLAIN_FLAGS,
  HARMONISE_FLAGS,
  IMPORT_FLAG_DEFAULTS,
  IMPORT_FLAGS,
  MERGE_FLAGS,
  OPENSET_FLAG_DEFAULTS,
  OPENSET_FLAGS,
  PREDICT_FLAG_DEFAULTS,
  PREDICT_FLAGS,
  PREPROCESS_COMMAND_FLAGS,
  REFINE_FLAG_DEFAULTS,
  REFINE_FLAGS,
  SPLIT_COMMAND_FLAGS,
  TRAIN_FLAG_DEFAULTS,
  TRAIN_FLAGS,
} from "./options/options.ts";
import { PREPROCESS_KINDS } from "./options/preprocess-flags.ts";
import { addFlags, readSettings } from "./options/settings.ts";
import { type CommonOptions, createOutput, failureJson, printFailure, printJson } from "./terminal/print.ts";
import { printableLines } from "./terminal/printable.ts";
import { type CommandWords, describeFailure, usageError } from "./terminal/show-error.ts";
import { commandWords } from "./terminal/wording.ts";
import { wrongCall } from "./terminal/wrong-call.ts";

/** What a command hands over to the end of its run. */
interface Run {
  words: CommandWords;
  /** What `--json` prints. */
  summary: object | null;
}

/** The failure that `--json` prints; without it the help is shown. */
const NO_COMMAND = usageError(
  "no command is given",
  "atlasmtl",
  "give one of the commands that atlasmtl --help lists",
);

/** Runs `atlasmtl` with `argv` (the words after the program's name); returns the exit code. */
export async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const state: Run = { words: commandWords({}, null), summary: null };
  const program = createProgram(argv, signal, state);
  const isJson = argv.includes("--json");
  try {
    await program.parseAsync(argv, { from: "user" });
    if (isJson && state.summary !== null) printJson(state.summary);
    return 0;
  } catch (error) {
    if (isShown(error)) {
      if (error.exitCode === 0) return 0;
      if (isJson) printJson(failureJson(describeFailure(NO_COMMAND, "atlasmtl")));
      return 2;
    }
    const command = program.commands.find((candidate) => argv.includes(candidate.name()));
    const place = command === undefined ? "atlasmtl" : `atlasmtl ${command.name()}`;
    const failure = describeFailure(error, place, state.words);
    printFailure(failure);
    if (argv.includes("--debug") && error instanceof Error)
      process.stderr.write(`${printableLines(stackOf(error))}\n`);
    if (isJson) printJson({ ...state.summary, ...failureJson(failure) });
    return failure.exitCode;
  }
}

function createProgram(argv: readonly string[], signal: AbortSignal, state: Run): Command {
  const startedAt = new Date();
  const program = new Command("atlasmtl")
    .description("Annotate single cells from a reference atlas: train a model, map queries onto it.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", PROGRAM_EXAMPLES);
  program.optionsGroup("Every command:");
  program
    .option("-q, --quiet", "print only warnings and errors")
    .option("--json", "print a machine-readable summary to stdout")
    .option("--progress", "show progress where stderr is no terminal, too")
    .option("--no-progress", "show no progress")
    .option("--debug", "show the stack of an error");

  const context = (
    command: Command,
    flags: FlagTable = {},
    config: GivenConfig | null = null,
  ): CommandContext => {
    const asked = commonOptions(command);
    const common = { ...asked, progress: asked.progress ?? config?.shown.progress ?? null };
    const words = commandWords(flags, config);
    state.words = words;
    const output = createOutput(common, words, (summary) => {
      state.summary = summary;
    });
    for (const each of config?.notices ?? []) output.warn(each);
    return { common, output, words, signal, argv, startedAt, config };
  };
  const withFlags = <T extends FlagTable>(
    command: Command,
    flags: T,
    defaults: Readonly<Record<string, unknown>>,
    action: (values: FlagValues<T>, context: CommandContext) => Promise<void>,
  ): void => {
    addFlags(command, flags, defaults);
    command.action(async () => {
      const { values, config } = await readSettings(flags, command.opts());
      await action(values, context(command, flags, config));
    });
  };

  const train = add(program, "train", "learn cell types from a reference and save the model", TRAIN_EXAMPLES);
  withFlags(train, TRAIN_FLAGS, TRAIN_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/train.ts")).runTrain(values, ctx),
  );

  const predict = add(program, "predict", "annotate a query with a trained model", PREDICT_EXAMPLES);
  withFlags(predict, PREDICT_FLAGS, PREDICT_FLAG_DEFAULTS, async (values, ctx) =>
    values.outDir !== undefined
      ? (await import("./commands/annotate.ts")).runPredictMany(values, ctx)
      : values.shard !== undefined
        ? (await import("./commands/shard.ts")).runShard(values, ctx)
        : (await import("./commands/predict.ts")).runPredict(values, ctx),
  );

  const merge = add(program, "merge", "make the result of a query from its shards", MERGE_EXAMPLES);
  merge.argument("<shards...>", `files that predict --shard wrote, quoted globs and @LIST.txt`);
  addFlags(merge, MERGE_FLAGS, PREDICT_FLAG_DEFAULTS);
  merge.action(async (words: string[]) => {
    const { values } = await readSettings(MERGE_FLAGS, merge.opts());
    await (await import("./commands/merge.ts")).runMerge(words, values, context(merge, MERGE_FLAGS));
  });

  const annotate = add(program, "annotate", "annotate all samples of a study", ANNOTATE_EXAMPLES);
  withFlags(annotate, ANNOTATE_FLAGS, ANNOTATE_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/annotate.ts")).runAnnotate(values, ctx),
  );

  const preprocess = add(
    program,
    "preprocess",
    "give genes canonical ids, find counts, choose features",
    PREPROCESS_EXAMPLES,
  );
  preprocess.argument("<kind>", `what the dataset is: ${PREPROCESS_KINDS.join(" or ")}`);
  addFlags(preprocess, PREPROCESS_COMMAND_FLAGS, { ...PREPROCESS_DEFAULTS, ...DATASET_FLAG_DEFAULTS });
  preprocess.action(async (kind: string) => {
    const { values, config } = await readSettings(PREPROCESS_COMMAND_FLAGS, preprocess.opts());
    const given = context(preprocess, PREPROCESS_COMMAND_FLAGS, config);
    await (await import("./commands/preprocess.ts")).runPreprocess(kind, values, given);
  });

  const split = add(
    program,
    "split",
    "divide cells by whole groups, such as donors, or one by one",
    SPLIT_EXAMPLES,
  );
  withFlags(
    split,
    SPLIT_COMMAND_FLAGS,
    { ...SPLIT_DEFAULTS, ...CELL_SPLIT_DEFAULTS, ...DATASET_FLAG_DEFAULTS },
    async (values, ctx) => (await import("./commands/split.ts")).runSplit(values, ctx),
  );

  const evaluate = add(program, "evaluate", "score predictions against true labels", EVALUATE_EXAMPLES);
  withFlags(evaluate, EVALUATE_FLAGS, {}, async (values, ctx) =>
    (await import("./commands/evaluate.ts")).runEvaluate(values, ctx),
  );

  const benchmark = add(program, "benchmark", "compare methods on one dataset", BENCHMARK_EXAMPLES);
  withFlags(benchmark, BENCHMARK_FLAGS, { numThreads: "max", device: "auto" }, async (values, ctx) =>
    (await import("./commands/benchmark.ts")).runBenchmarkCommand(values, ctx),
  );

  const report = add(program, "report", "write the report of a run as one HTML file", REPORT_EXAMPLES);
  report.argument("<run>", "folder of a benchmark, or its run_manifest.json");
  report.option("--out <FILE>", "where to write it (default: report.html in the folder of the run)");
  report.action(async (path: string, { out }: { out?: string }) =>
    (await import("./commands/report.ts")).runReport(path, out ?? null, context(report)),
  );

  const reproduce = add(program, "reproduce", "run a run manifest again and compare", REPRODUCE_EXAMPLES);
  reproduce.argument("<manifest>", "train_run_manifest.json, predict_run_manifest.json or run_manifest.json");
  reproduce.option("--keep <DIR>", "keep the files of the new run in this folder");
  reproduce.action(async (path: string, { keep }: { keep?: string }) =>
    (await import("./commands/reproduce.ts")).runReproduce(path, keep ?? null, context(reproduce)),
  );

  const refine = add(
    program,
    "refine",
    "tell apart children that are mistaken for each other",
    REFINE_EXAMPLES,
  );
  withFlags(refine, REFINE_FLAGS, REFINE_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/refine.ts")).runRefine(values, ctx),
  );

  const openset = add(program, "openset", "fit the distance beyond which a type is unseen", OPENSET_EXAMPLES);
  withFlags(openset, OPENSET_FLAGS, OPENSET_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/openset.ts")).runOpenset(values, ctx),
  );

  const harmonise = add(
    program,
    "harmonise",
    "propose which labels of several references are one type",
    HARMONISE_EXAMPLES,
  );
  withFlags(harmonise, HARMONISE_FLAGS, TRAIN_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/harmonise.ts")).runHarmonise(values, ctx),
  );

  const explain = add(program, "explain", "say which genes drive each label", EXPLAIN_EXAMPLES);
  withFlags(explain, EXPLAIN_FLAGS, EXPLAIN_FLAG_DEFAULTS, async (values, ctx) =>
    (await import("./commands/explain.ts")).runExplain(values, ctx),
  );

  const importing = add(
    program,
    "import",
    "make a model of what another program trained: CellTypist",
    IMPORT_EXAMPLES,
  );
  importing.argument("<model>", "a model of CellTypist, .pkl");
  addFlags(importing, IMPORT_FLAGS, IMPORT_FLAG_DEFAULTS);
  importing.action(async (path: string) => {
    const { values } = await readSettings(IMPORT_FLAGS, importing.opts());
    await (await import("./commands/import.ts")).runImport(path, values, context(importing, IMPORT_FLAGS));
  });

  const inspect = add(program, "inspect", "show what is in a dataset, model or manifest", INSPECT_EXAMPLES);
  inspect.argument("<path>", "dataset, bundle (.pth, .pkl, .zip, manifest) or run manifest");
  addFlags(inspect, OPEN_FLAGS, DATASET_FLAG_DEFAULTS);
  inspect.action(async (path: string) => {
    const { values } = await readSettings(OPEN_FLAGS, inspect.opts());
    await (await import("./commands/inspect.ts")).runInspect(path, values, context(inspect, OPEN_FLAGS));
  });

  const verify = add(program, "verify", "check every checksum of a model or a run", VERIFY_EXAMPLES);
  verify.argument("<path>", "bundle (.pth, .zip or manifest), run manifest, or a folder with any of them");
  verify.option("--finish", "put the files of an interrupted save in place first");
  verify.action(async (path: string, { finish }: { finish?: boolean }) =>
    (await import("./commands/verify.ts")).runVerify(
      path,
      finish === true ? { finish } : {},
      context(verify),
    ),
  );

  const doctor = add(
    program,
    "doctor",
    "check this machine, and print what a report of a bug needs",
    DOCTOR_EXAMPLES,
  );
  doctor.action(async () => (await import("./commands/doctor.ts")).runDoctor(context(doctor)));

  const demo = add(program, "demo", "do the whole job on a small simulated atlas", DEMO_EXAMPLES);
  demo.argument("[dir]", "folder to write", "atlasmtl-demo");
  demo.action(async (folder: string) =>
    (await import("./commands/demo.ts")).runDemoCommand(folder, context(demo)),
  );

  for (const command of [program, ...program.commands]) translateErrors(command, program);
  return program;
}

function add(program: Command, name: string, description: string, examples: string): Command {
  const command = program.command(name).description(description).addHelpText("after", examples);
  return command
    .helpOption("-h, --help", "show this help")
    .configureHelp({ showGlobalOptions: true })
    .allowExcessArguments(false);
}

function commonOptions(command: Command): CommonOptions {
  const { quiet, json, progress, debug } = command.optsWithGlobals<Record<string, unknown>>();
  return {
    quiet: quiet === true,
    json: json === true,
    progress: typeof progress === "boolean" ? progress : null,
    debug: debug === true,
  };
}

/** True for help and version, which commander also reports by throwing. */
function isShown(error: unknown): error is CommanderError {
  const code = (error as { code?: unknown }).code;
  return code === "commander.help" || code === "commander.helpDisplayed" || code === "commander.version";
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

/** Turns errors of commander into usage errors that name the nearest valid word. */
function translateErrors(command: Command, program: Command): void {
  command.showSuggestionAfterError(false).configureOutput({ outputError() {} });
  command.exitOverride((error) => {
    throw isShown(error) ? error : wrongCall(error, command, program);
  });
}

const PROGRAM_EXAMPLES = `
Examples:
  atlasmtl demo
  atlasmtl inspect reference.h5ad
  atlasmtl train --adata reference.h5ad --out model/model.pth --labels lineage cell_type
  atlasmtl predict --model model/model.pth --adata query.h5ad --out annotated.h5ad

Exit codes: 0 done, 2 wrong call, 3 input data, 4 model or checksum, 5 machine, 130 interrupted, 1 a bug.`;

const TRAIN_EXAMPLES = `
Examples:
  atlasmtl train --adata ref.h5ad --out model/model.pth --labels lineage cell_type
  atlasmtl train --adata ref.h5ad --out m.pth --labels cell_type --latent-key X_scVI --umap-key X_umap
  atlasmtl train --adata ref.h5ad --out m.pth --labels cell_type --early-stopping-patience 5
  atlasmtl train --adata counts.h5ad --out m.pth --labels lineage cell_type --preset best
  atlasmtl train --config train.yaml --random-state 7

Writes the bundle and train_run_manifest.json beside it. The same data, settings and version give the
same model, bit for bit.`;

const PREDICT_EXAMPLES = `
Examples:
  atlasmtl predict --model model/model.pth --adata query.h5ad --out annotated.h5ad
  atlasmtl predict --model model/model.pth --adata query.h5ad --out labels.csv --write-mode full
  atlasmtl predict --model model/model.pth --adata query.h5ad --out annotated.h5ad \\
    --knn-correction all --hierarchy-rules derive --enforce-hierarchy
  atlasmtl predict --model model/model.pth --adata samples/*.h5ad --out-dir annotated
  atlasmtl predict --model model/model.pth --adata query.h5ad --shard 3/16 --out parts/3.shard

Writes the result and predict_run_manifest.json beside it. Nothing of the query file is lost in a .h5ad result.`;

const MERGE_EXAMPLES = `
Examples:
  for i in 1 2 3 4; do
    atlasmtl predict --model model/model.pth --adata query.h5ad --shard $i/4 --out parts/$i.shard
  done
  atlasmtl merge parts/*.shard --out annotated.h5ad --report report.html

Writes what one run of predict would have written, byte for byte. The shards may be computed on any machines, in any order;
one that is there is not computed again.`;

const ANNOTATE_EXAMPLES = `
Examples:
  atlasmtl annotate --reference atlas.h5ad --labels lineage cell_type --query samples/*.h5ad --out-dir study
  atlasmtl annotate --reference a.h5ad b.h5ad --labels a:cell_type b:celltype --label-map map.tsv --query samples/*.h5ad --out-dir study
  atlasmtl annotate --model model/model.pth --query "samples/**/*.h5" --out-dir study --group-by donor
  atlasmtl annotate --model model/model.pth --query @samples.txt --out-dir study --dry-run

Writes a result for each sample with its record, samples.tsv, composition.tsv and report.html. Run it again after an
interruption: samples whose record proves them done are skipped. Ends with exit code 3 when a sample failed.`;

const REFINE_EXAMPLES = `
Examples:
  atlasmtl refine --model model/model.pth --adata labelled.h5ad --out model/reranker.pkl
  atlasmtl refine --model model/model.pth --adata labelled.h5ad --out model/reranker.pkl \\
    --parent-level lineage --child-level cell_type --parents "T cell" "B cell"
  atlasmtl predict --model model/model.pth --adata query.h5ad --out annotated.h5ad \\
    --refinement model/reranker_plan.json

Writes the reranker, its description (.json), its plan (_plan.json) and refine_run_manifest.json. The plan is enabled
when the advice is to refine, or when the parents are given.`;

const OPENSET_EXAMPLES = `
Examples:
  atlasmtl openset --model model/model.pth --adata held_out.h5ad --out openset.json --label-column cell_type
  atlasmtl predict --model model/model.pth --adata query.h5ad --out annotated.h5ad --config openset.json

Labels that the model does not know count as unseen types. Without any, the threshold keeps a share of the known cells.`;

const HARMONISE_EXAMPLES = `
Examples:
  atlasmtl harmonise --adata a.h5ad b.h5ad --labels a:cell_type b:celltype --out map.tsv
  atlasmtl train --adata a.h5ad b.h5ad --labels a:cell_type b:celltype --label-map map.tsv --out model/model.pth

Look at the table before you train: its column "to" says what each label becomes, empty for no label.`;

const EXPLAIN_EXAMPLES = `
Examples:
  atlasmtl explain --model model/model.pth
  atlasmtl explain --model model/model.pth --labels cell_type --top 5 --out genes.csv
  atlasmtl explain --model model/model.pth --adata query.h5ad --predictions annotated.h5ad

Shows for each label the genes that speak for it against its siblings, and the mean share of cells that express them.`;

const IMPORT_EXAMPLES = `
Examples:
  atlasmtl import Immune_All_Low.pkl --out immune/model.pth
  atlasmtl predict --model immune/model.pth --adata query.h5ad --out annotated.h5ad
  atlasmtl predict --model Immune_All_Low.pkl --adata query.h5ad --out annotated.h5ad --mode prob_match

The pickle is read as data and nothing in it is run. predict, annotate and inspect take it as it is, too; a bundle has
checksums, and opens in a browser.`;

const PREPROCESS_EXAMPLES = `
Examples:
  atlasmtl preprocess reference --adata atlas.h5ad --out reference.h5ad
  atlasmtl preprocess reference --adata atlas.h5ad --out reference.h5ad --n-top-genes 2000 --hvg-batch-key donor
  atlasmtl preprocess query --adata new.h5ad --panel reference_feature_panel.json --out query.h5ad
  atlasmtl train --adata reference.h5ad --out model/model.pth --labels cell_type

Writes the dataset with all that it held, NAME_feature_panel.json, NAME_preprocess_report.json and
preprocess_run_manifest.json beside it. A guess of namespace or species is said to be one.`;

const SPLIT_EXAMPLES = `
Examples:
  atlasmtl split --adata atlas.h5ad --split-key donor --target-label cell_type \\
    --build-size 8000 --predict-size 2000 --out split.json
  atlasmtl split --adata atlas.h5ad --test-size 0.2 --stratify cell_type --out split.json
  atlasmtl train --adata atlas.h5ad --split split.json --out model/model.pth --labels cell_type
  atlasmtl predict --adata atlas.h5ad --split split.json --model model/model.pth --out held_out.csv

Writes the plan, NAME_assignment.tsv (the side of every cell) and split_run_manifest.json beside it.`;

const EVALUATE_EXAMPLES = `
Examples:
  atlasmtl evaluate --predictions labels.csv --truth query.h5ad --labels lineage cell_type
  atlasmtl evaluate --predictions annotated.h5ad --truth truth.csv --labels cell_type \\
    --domain-key donor --out metrics.json --report report.html`;

const BENCHMARK_EXAMPLES = `
Examples:
  atlasmtl benchmark --dataset-manifest pbmc.yaml --output-dir runs/pbmc
  atlasmtl benchmark --dataset-manifest pbmc.yaml --output-dir runs/pbmc --methods atlasmtl reference_knn

A manifest:
  reference_h5ad: pbmc.h5ad
  query_h5ad: pbmc.h5ad
  reference_subset: {technology: [3pv1, 3pv2]}
  query_subset: {technology: 5p}
  label_columns: [cell_type_l1, cell_type_l2]
  train: {val_fraction: 0.1}
  predict: {knn_correction: low_conf_only}`;

const REPORT_EXAMPLES = `
Examples:
  atlasmtl report runs/pbmc
  atlasmtl report runs/pbmc/run_manifest.json --out pbmc.html

Of a prediction: atlasmtl predict … --report report.html, or with true labels atlasmtl evaluate … --report report.html`;

const REPRODUCE_EXAMPLES = `
Examples:
  atlasmtl reproduce model/train_run_manifest.json
  atlasmtl reproduce runs/pbmc/run_manifest.json --keep again

Run it in the folder in which the command was given. Ends with exit code 4 when something came out otherwise.`;

const INSPECT_EXAMPLES = `
Examples:
  atlasmtl inspect query.h5ad
  atlasmtl inspect model/model.pth
  atlasmtl inspect model/train_run_manifest.json --json`;

const VERIFY_EXAMPLES = `
Examples:
  atlasmtl verify model/model_manifest.json
  atlasmtl verify model/train_run_manifest.json
  atlasmtl verify results

Ends with exit code 4 when a file is missing or changed.`;

const DOCTOR_EXAMPLES = `
Examples:
  atlasmtl doctor
  atlasmtl doctor --json

Writes nothing but a few files of its own, which it removes. Paths are shown with ~ for your home folder.
Ends with exit code 5 when it finds a problem.`;

const DEMO_EXAMPLES = `
Examples:
  atlasmtl demo
  atlasmtl demo /data/demo --json`;
