/** `atlasmtl report`: the report of an earlier run. @module */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { AtlasmtlError, asFileError } from "../../api/errors.ts";
import { containerByName, RESULT_ENDINGS, RUN_MANIFEST_FILES } from "../../api/formats.ts";
import { reportOfRun } from "../../api/report.ts";
import { readRun } from "../../api/runs.ts";
import type { CommandContext } from "../context.ts";
import { recordOf } from "../provenance.ts";
import { shellWord } from "../terminal/shell-word.ts";

/** Writes the report of a benchmark or of a prediction. @throws NOT_FOUND when the run has none to make. */
export async function runReport(path: string, out: string | null, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { file, folder } = await findManifest(path);
  const to = out ?? join(folder, "report.html");
  await checkOutput(to);
  const { outputs } = await readRun(file);
  const results = outputs.map((each) => resolve(folder, each.path)).filter(isResultName);
  await refuseOverwriting([to], [file, ...results]);
  const html = await reportOfRun(file);
  signal.throwIfAborted();
  await platform.files.writeAll([{ path: to, bytes: [html] }]);
  output.note(`wrote  ${to}`);
  output.note(`check the run with:  atlasmtl verify ${shellWord(folder)}`);
  output.json({ command: "report", run: path, report: to });
}

async function findManifest(path: string): Promise<{ file: string; folder: string }> {
  try {
    if (!(await stat(path)).isDirectory()) {
      if (isResultName(path)) throw await notARun(path);
      return { file: path, folder: dirname(path) };
    }
    for (const name of [RUN_MANIFEST_FILES.benchmark, RUN_MANIFEST_FILES.predict]) {
      const file = join(path, name);
      if (await platform.files.exists(file)) return { file, folder: path };
    }
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  throw new AtlasmtlError("NOT_FOUND", "the folder holds no run of benchmark or predict", {
    where: path,
    hint: "name the folder of such a run, or its run manifest",
    subject: "artifact",
  });
}

const isResultName = (path: string): boolean =>
  containerByName(path) !== null || RESULT_ENDINGS.some((ending) => path.endsWith(ending));

/** The path is a result; the hint names the manifest of its run. */
async function notARun(path: string): Promise<AtlasmtlError> {
  const manifest = await recordOf(path, "predict");
  return new AtlasmtlError("USAGE", "this is a dataset or a table, expected a run", {
    where: path,
    hint:
      manifest !== null
        ? `write atlasmtl report ${shellWord(manifest)}`
        : `give the folder or the ${RUN_MANIFEST_FILES.predict} of the run that made it, or predict with --report FILE.html`,
  });
}
