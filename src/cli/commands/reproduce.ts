/** `atlasmtl reproduce`: run the command of a run manifest again and compare the outputs. @module */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { checkOutput } from "../../api/checks.ts";
import { compareOutputs, type Sameness } from "../../api/compare-outputs.ts";
import { AtlasmtlError } from "../../api/errors.ts";
import { checkRunFiles, codeOfRun, type ReadRunManifest, readRun } from "../../api/runs.ts";
import { codeDigest } from "../code-digest.ts";
import type { CommandContext } from "../context.ts";
import { programFile } from "../own-files.ts";
import { plural, table } from "../terminal/print.ts";

/** Flags with the path of an output as their value. */
const OUTPUT_FLAGS = ["--out", "--output-dir", "--report", "--reference-path"];
/** Flags whose output would mix with that of this command. */
const DROPPED = ["--json", "--progress"];

/**
 * Runs the command again into another folder and prints how each output compares.
 * @throws CHECKSUM when an input changed or an output came out otherwise; BAD_FORMAT for a manifest without a
 * command.
 */
export async function runReproduce(
  path: string,
  keep: string | null,
  { output, signal }: CommandContext,
): Promise<void> {
  const manifest = await readRun(path);
  const folder = dirname(path);
  const argv = commandOf(manifest.content.get("argv"), path);
  const inputs = (await checkRunFiles({ ...manifest, outputs: [] }, folder, signal)).filter(
    ({ status }) => status !== "OK",
  );
  if (inputs.length > 0)
    throw new AtlasmtlError(
      "CHECKSUM",
      `${plural(inputs.length, "input")} not as recorded: ${inputs.map((file) => `${file.path} ${file.status}`).join(", ")}`,
      {
        where: path,
        hint: "restore the inputs, and run this in the folder in which the command was given",
        subject: "artifact",
      },
    );
  warnOfOtherCode(manifest, output);
  const to = keep === null ? await mkdtemp(join(tmpdir(), "atlasmtl-reproduce-")) : resolve(keep);
  try {
    await checkOutput(join(to, basename(path)));
    await mkdir(to, { recursive: true });
    const words = redirected(argv, to);
    output.note(`runs  atlasmtl ${words.join(" ")}`);
    const code = await runProgram([...words, "--quiet", "--no-progress"], signal);
    if (code !== 0)
      throw new AtlasmtlError("MISMATCH", `the command ended with exit code ${code}`, {
        where: path,
        hint: "mend what its message above says, then reproduce again",
      });
    const compared: { path: string; status: Sameness }[] = [];
    for (const { path: file } of manifest.outputs) {
      // Recorded paths are relative to the folder of the manifest if inside it, else as given. New outputs are all
      // in one folder.
      const before = firstThere(resolve(folder, file), resolve(file));
      const after = firstThere(join(to, file), join(to, basename(file)));
      compared.push({ path: file, status: await compareOutputs(before, after) });
    }
    output.result(table(compared.map(({ status, path: file }) => [status, file])));
    const wrong = compared.filter(({ status }) => status === "DIFFERENT" || status === "MISSING");
    output.json({
      command: "reproduce",
      manifest: path,
      same: wrong.length === 0,
      files: compared,
      kept: keep,
    });
    if (wrong.length > 0)
      throw new AtlasmtlError(
        "CHECKSUM",
        `${wrong.length} of ${plural(compared.length, "output")} came out otherwise: ${wrong.map((file) => `${file.path} ${file.status}`).join(", ")}`,
        {
          where: path,
          hint: "compare versions and machines; keep the new files with --keep",
          subject: "artifact",
        },
      );
    output.note(`${plural(compared.length, "output")} came out as before`);
  } finally {
    if (keep === null) await rm(to, { recursive: true, force: true });
  }
}

const firstThere = (path: string, other: string): string => (existsSync(path) ? path : other);

/** Runs another process. Its summary is not shown; its errors are. */
function runProgram(words: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [programFile, ...words], {
      stdio: ["ignore", "ignore", "inherit"],
      signal,
    });
    child.on("error", (error) => fail(error.name === "AbortError" ? signal.reason : error));
    child.on("close", (code) => done(code ?? 1));
  });
}

function commandOf(argv: unknown, path: string): readonly string[] {
  if (Array.isArray(argv) && argv.every((word) => typeof word === "string")) {
    const [program, ...words] = argv as string[];
    if (program === "atlasmtl" && ["train", "predict", "benchmark"].includes(words[0] ?? "")) return words;
  }
  throw new AtlasmtlError("BAD_FORMAT", "the manifest records no command that can be run again", {
    where: `${path} › argv`,
    hint: "name the manifest of train, predict or benchmark",
    subject: "artifact",
  });
}

/** The command with its outputs in `folder`. */
function redirected(argv: readonly string[], folder: string): string[] {
  const moved = (flag: string, value: string): string =>
    flag === "--output-dir" ? folder : join(folder, basename(value));
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (DROPPED.includes(word)) continue;
    const [flag = "", ...rest] = word.split("=");
    if (!OUTPUT_FLAGS.includes(flag)) words.push(word);
    else if (rest.length > 0) words.push(`${flag}=${moved(flag, rest.join("="))}`);
    else words.push(flag, moved(flag, argv[++i] ?? ""));
  }
  return words;
}

function warnOfOtherCode(manifest: ReadRunManifest, output: CommandContext["output"]): void {
  const recorded = codeOfRun(manifest);
  if (recorded === null || recorded === codeDigest()) return;
  output.warn({
    message: "the run was made by another version of the code",
    hint: "install the version that the manifest names to compare like with like",
  });
}
