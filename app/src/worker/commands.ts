/** The same job as a command line, for a cluster or a colleague. */
import { options } from "atlasmtl";
import { desk } from "./desk.ts";
import { EFFORTS, modelFile } from "./model.ts";
import type { AnnotateSettings, TrainSettings } from "./views.ts";

export function commandLines(): string {
  const { query, model, settings } = desk.needAnnotation();
  const bundle = model.trained === null ? modelFile(model.model) : "model/model.pth";
  const lines: string[] = [];
  if (model.trained !== null) {
    const { reference, settings: training } = model.trained;
    lines.push(command(["train", "--adata", reference, "--out", bundle, ...trainFlags(training)]));
  }
  lines.push(
    command([
      "predict",
      "--model",
      bundle,
      "--adata",
      query.name,
      "--out",
      "annotated.h5ad",
      ...predictFlags(settings),
    ]),
  );
  return `${lines.join("\n\n")}\n`;
}

function trainFlags({ labelColumns, layer, effort, missingLabels, learnsMap }: TrainSettings): string[] {
  const preset = EFFORTS[effort];
  return [
    "--labels",
    ...labelColumns,
    ...layerFlags(layer),
    ...(preset == null ? [] : ["--preset", preset]),
    ...(missingLabels === "error" ? [] : ["--missing-labels", missingLabels]),
    ...(learnsMap ? ["--embed", "umap"] : []),
  ];
}

function predictFlags({ layer, neighbours, confidenceLow, knownLoss }: AnnotateSettings): string[] {
  const defaults = options.PREDICT_DEFAULTS;
  return [
    ...layerFlags(layer),
    "--knn-correction",
    neighbours ? "second_opinion" : "off",
    ...(confidenceLow === defaults.confidenceLow ? [] : ["--confidence-low", String(confidenceLow)]),
    ...(knownLoss === defaults.knownLoss ? [] : ["--known-loss", String(knownLoss)]),
  ];
}

const layerFlags = (layer: string): string[] =>
  layer === "X" ? [] : layer === "raw/X" ? ["--use-raw"] : ["--layer", layer.replace(/^layers\//, "")];

/** Words as a POSIX shell takes them, an option on each line. */
function command(words: readonly string[]): string {
  let text = "npx atlasmtl";
  for (const word of words) {
    const quoted = /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
    text += word.startsWith("--") ? ` \\\n  ${quoted}` : ` ${quoted}`;
  }
  return text;
}
