/** A paragraph for a paper: what was done, with which version, and checksums that say to what. */
import { VERSION } from "atlasmtl";
import { desk } from "./desk.ts";
import type { AnnotateSettings, TrainSettings } from "./views.ts";

export async function methodsText(): Promise<string> {
  const { query, model, result, settings } = desk.needAnnotation();
  const summary = result.summary();
  const finest = summary.labels.at(-1)!;
  const parts = [
    `Cells of ${query.name} (${count(summary.nCells)} cells) were annotated with atlasmtl ${VERSION}.`,
    trainingText(model.name, model.trained, model.model.data.trainGenes.length),
    annotationText(settings),
    `Of the finest labels (${finest.column}), ${percent(finest.unknown)} of the cells stayed Unknown; the mean confidence was ${(finest.meanConfidence ?? 0).toFixed(2)}.`,
    `All work was done in a web browser; no data left the machine.`,
  ];
  const sums = [...(await model.model.toFiles(`${model.name}.pth`))].map(checksum);
  return `${parts.join(" ")}\n\nSHA-256 of the model's files:\n${(await Promise.all(sums)).join("\n")}\n`;
}

function trainingText(
  name: string,
  trained: { readonly reference: string; readonly settings: TrainSettings } | null,
  nGenes: number,
): string {
  if (trained === null) return `The model ${name} (${count(nGenes)} genes) was trained before.`;
  const { labelColumns, effort, layer } = trained.settings;
  return `A model of ${count(nGenes)} genes was trained on ${trained.reference} (matrix ${layer}, setting "${effort}") to predict ${labelColumns.join(", ")}.`;
}

function annotationText({ neighbours, confidenceLow, knownLoss, layer }: AnnotateSettings): string {
  const opinion = neighbours
    ? "For cells of low confidence the nearest reference cells gave a second opinion."
    : "Nearest reference cells were not asked.";
  return `${opinion} From the matrix ${layer}, a cell was called Unknown if its confidence was below ${confidenceLow}, or if it was further from the reference than ${percent(1 - knownLoss)} of held-out reference cells.`;
}

async function checksum([name, bytes]: readonly [string, Uint8Array<ArrayBuffer>]): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${name}`;
}

const count = (n: number): string => n.toLocaleString("en");
const percent = (share: number | null): string => `${(100 * (share ?? 0)).toFixed(1)} %`;
