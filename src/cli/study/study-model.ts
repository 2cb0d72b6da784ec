/** The model of a study, trained once and kept in its folder. @module */
import { dirname, join } from "node:path";
import { option } from "../../api/errors.ts";
import { RUN_MANIFEST_FILES } from "../../api/formats.ts";
import { runTrain } from "../commands/train.ts";
import type { CommandContext } from "../context.ts";
import { readConfig } from "../options/config-file.ts";
import { flagWords } from "../options/flag-words.ts";
import { inputFiles } from "../options/input-files.ts";
import { type AnnotateFlags, PREDICT_FLAGS, TRAIN_FLAGS, type TrainFlags } from "../options/options.ts";
import { usageError } from "../terminal/show-error.ts";
import { provenRun } from "./done-sample.ts";

/** True if the record beside the model proves it to be what training would give. */
export async function isTrained(
  flags: AnnotateFlags,
  out: string,
  { output, signal }: CommandContext,
): Promise<boolean> {
  const argv = ["atlasmtl", ...trainArgv(await trainFlagsOf(flags, out), out)];
  const record = join(dirname(out), RUN_MANIFEST_FILES.train);
  const isThere = (await provenRun(record, { argv, files: new Map() }, signal)) !== null;
  if (isThere) output.note(`the model is there: ${out}`);
  return isThere;
}

/** Trains the model of a study. */
export async function trainStudyModel(
  flags: AnnotateFlags,
  out: string,
  context: CommandContext,
): Promise<void> {
  const trainFlags = await trainFlagsOf(flags, out);
  await runTrain(trainFlags, { ...context, argv: trainArgv(trainFlags, out) });
}

/** The command that trains the model; the number of threads changes no result and is left out. */
function trainArgv(flags: TrainFlags, out: string): readonly string[] {
  const { adata = [], out: _out, numThreads: _threads, ...options } = flags;
  return ["train", "--adata", ...adata, "--out", out, ...flagWords(TRAIN_FLAGS, options)];
}

/** Flags of prediction that count for training, too. */
const MACHINE_KEYS: ReadonlySet<string> = new Set<keyof AnnotateFlags>(["numThreads", "device", "engine"]);

/** What the flags and the file of `--train-config` say about training; a flag wins. */
async function trainFlagsOf(flags: AnnotateFlags, out: string): Promise<TrainFlags> {
  const {
    adata: _adata,
    out: _out,
    config: _config,
    split: _split,
    inPlace: _inPlace,
    ...settable
  } = TRAIN_FLAGS;
  const { trainConfig, reference } = flags;
  const file = trainConfig === undefined ? [] : [...(await readConfig(trainConfig, settable))];
  const own = Object.entries(flags).filter(
    ([key]) => key in settable && (!(key in PREDICT_FLAGS) || MACHINE_KEYS.has(key)),
  );
  const given: TrainFlags = {
    ...Object.fromEntries(file),
    ...Object.fromEntries(own),
    // The files that a glob matches, so that one more of them is another model.
    adata: reference === undefined ? undefined : [...(await inputFiles(reference))],
    out,
  };
  // The model keeps what its predictions are to transfer.
  const kept = (flags.transfer ?? []).filter((column) => given.labels?.includes(column) !== true);
  const keepColumns = given.keepColumns ?? (kept.length === 0 ? undefined : kept);
  if (given.labels !== undefined) return keepColumns === undefined ? given : { ...given, keepColumns };
  throw usageError(
    "the labels to learn from the reference are not named",
    option("labels"),
    "name obs columns of the reference, coarse to fine: --labels lineage cell_type",
  );
}
