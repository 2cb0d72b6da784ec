/** Programs of others as methods of a benchmark: CellTypist in Python, SingleR in R. @module */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAnnData } from "../../anndata/containers/in-memory.ts";
import { writeDataset } from "../../anndata/write/write-annotated.ts";
import { AtlasmtlError } from "../../api/errors.ts";
import { type BenchmarkData, resolvePath } from "../../benchmark/benchmark-cells.ts";
import { logNormalised, normalisationOf } from "../../benchmark/matrices.ts";
import type { MethodOutcome, MethodWork } from "../../benchmark/methods/types.ts";
import type { ExternalMethod } from "../../benchmark/run-method.ts";
import { compareCodePoints } from "../../core/order.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import { parseCsv } from "../../output/csv-text.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import type { LabelPrediction } from "../../predict/types.ts";
import { CELLTYPIST_SCRIPT, SINGLER_SCRIPT } from "./scripts.ts";

export interface ExternalRuntimes {
  readonly python?: string | undefined;
  readonly rscript?: string | undefined;
}

/** The methods that need another runtime, by name; whether it is there is asked when one is to run. */
export function externalMethods({ python, rscript }: ExternalRuntimes): ReadonlyMap<string, ExternalMethod> {
  const inPython = python ?? "python3";
  const inR = rscript ?? "Rscript";
  return new Map([
    [
      "celltypist",
      externalMethod({
        program: inPython,
        probe: ["-c", "import celltypist, anndata; print(celltypist.__version__)"],
        script: { name: "celltypist_run.py", text: CELLTYPIST_SCRIPT },
        missing: `${inPython} cannot import celltypist; install it there (pip install celltypist) or name another Python with --python`,
      }),
    ],
    [
      "singler",
      externalMethod({
        program: inR,
        probe: ["-e", 'cat(as.character(packageVersion("SingleR")), nchar(packageVersion("Matrix")))'],
        script: { name: "singler_run.R", text: SINGLER_SCRIPT },
        missing: `${inR} cannot load SingleR; install it there (BiocManager::install("SingleR")) or name another Rscript with --rscript`,
      }),
    ],
  ]);
}

interface Program {
  readonly program: string;
  /** Prints the version where the method can run. */
  readonly probe: readonly string[];
  readonly script: { readonly name: string; readonly text: string };
  readonly missing: string;
}

function externalMethod({ program, probe, script, missing }: Program): ExternalMethod {
  return {
    async unavailable() {
      const { code } = await call(program, probe, undefined);
      return code === 0 ? null : missing;
    },
    async run(data, work) {
      const version = (await call(program, probe, work.signal)).stdout.trim().split(/\s+/).at(-1) ?? "";
      const folder = await mkdtemp(join(tmpdir(), "atlasmtl-comparator-"));
      try {
        await writeInputs(folder, data, work);
        await writeFile(join(folder, script.name), script.text);
        const meter = startRuntimeMeter();
        const labels: LabelPrediction[] = [];
        for (const [l, column] of data.labelColumns.entries()) {
          const out = join(folder, `labels_${l}.csv`);
          const words = [
            join(folder, script.name),
            folder,
            `label_${l}`,
            out,
            String(work.config.get("max_iter") ?? 200),
          ];
          const { code, stderr } = await call(program, words, work.signal);
          if (code !== 0)
            throw new AtlasmtlError("UNSUPPORTED", `${program} ended with code ${code} on ${column}`, {
              where: stderr.trim().split("\n").at(-1) ?? program,
              hint: "run without this method, or repair its installation",
              subject: "environment",
            });
          labels.push(readLabels(column, await readFile(out, "utf8"), data.query.obs.index));
        }
        return outcomeOf(labels, data, version, meter.summary(phaseOf(data)));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

const phaseOf = (data: BenchmarkData) => ({
  phase: "predict",
  numItems: data.query.nObs,
  numBatches: data.labelColumns.length,
  deviceUsed: "cpu",
  numThreads: 1,
});

function outcomeOf(
  labels: readonly LabelPrediction[],
  data: BenchmarkData,
  version: string,
  usage: MethodOutcome["predictUsage"],
): MethodOutcome {
  return {
    labels,
    reasons: null,
    coords: new Map(),
    trainUsage: null,
    predictUsage: usage,
    trainConfig: null,
    predictConfig: new Map([["program_version", version]]),
    predictionMetadata: null,
    normalisation: normalisationOf(data.shared),
    seeds: new Map(),
    warnings: [],
  };
}

/** `reference.h5ad` and `query.h5ad`: log-normalised X, labels as `label_0`, `label_1`, …, missing ones empty. */
async function writeInputs(folder: string, data: BenchmarkData, work: MethodWork): Promise<void> {
  const columns = Object.fromEntries(
    data.labelColumns.map((column, l) => {
      const { codes, categories } = data.referenceLabels.get(column)!;
      return [`label_${l}`, Array.from(codes, (code) => categories[code] ?? "")];
    }),
  );
  for (const side of ["reference", "query"] as const) {
    const adata = await createAnnData({
      X: logNormalised(data.shared, side),
      obs: { index: data[side].obs.index, columns: side === "reference" ? columns : {} },
      var: { index: data.shared.genes },
    });
    await writeDataset(adata, resolvePath(folder, `${side}.h5ad`), {}, { signal: work.signal });
  }
}

/** Lines of cell, label and score, in any order. @throws BAD_DATA when a cell is missing. */
export function readLabels(column: string, text: string, obsNames: readonly string[]): LabelPrediction {
  const rows = new Map(parseCsv(text).map(([name, label, score]) => [name, { label, score }]));
  const found = obsNames.map((name) => {
    const row = rows.get(name);
    if (row !== undefined) return row;
    throw new AtlasmtlError("BAD_DATA", `the program gave no label to the cell "${name}"`, {
      where: column,
      hint: "run without this method",
    });
  });
  const categories = [...new Set(found.map(({ label }) => label))]
    .filter((label) => label !== "")
    .sort(compareCodePoints);
  const codes = Int32Array.from(found, ({ label }) => categories.indexOf(label));
  const scores = Float32Array.from(found, ({ score }) =>
    score === undefined || score === "" ? Number.NaN : Number(score),
  );
  return plainLabels(column, codes, categories, scores);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a program that is not there ends with code 127. */
function call(program: string, words: readonly string[], signal: AbortSignal | undefined): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], signal });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (piece: Buffer) => {
      stdout = (stdout + piece.toString()).slice(-65_536);
    });
    child.stderr.on("data", (piece: Buffer) => {
      stderr = (stderr + piece.toString()).slice(-65_536);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.name === "AbortError") reject(signal?.reason ?? error);
      else resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
