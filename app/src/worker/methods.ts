/** A paragraph for a paper: what was done, with which version, and checksums that say to what. */
import { VERSION } from "atlasmtl";
import { text } from "../text/en.ts";
import { desk, type OpenModel } from "./desk.ts";
import { EFFORTS } from "./model.ts";

export async function methodsText(): Promise<string> {
  const { query, model, result, settings } = desk.needAnnotation();
  const { nCells, labels } = result.summary();
  const { column, unknown, meanConfidence } = labels[labels.length - 1];
  const words = text.methods;
  const sentences = [
    words.annotated(query.name, nCells, VERSION),
    trainingText(model),
    settings.neighbours ? words.neighbours : words.alone,
    words.unknown(settings.layer, settings.confidenceLow, settings.knownLoss),
    words.outcome(column, unknown ?? 0, meanConfidence ?? 0),
    words.local,
  ];
  const sums = [...(await model.model.toFiles(`${model.name}.pth`))].map(checksum);
  return `${sentences.join(" ")}\n\n${words.checksums}\n${(await Promise.all(sums)).join("\n")}\n`;
}

function trainingText({ name, model, trained }: OpenModel): string {
  const nGenes = model.data.trainGenes.length;
  if (trained === null) return text.methods.opened(name, nGenes);
  const { labelColumns, effort, layer } = trained.settings;
  const preset = EFFORTS[effort] ?? "default";
  return text.methods.trained(nGenes, trained.reference, layer, preset, labelColumns.join(", "));
}

async function checksum([name, bytes]: readonly [string, Uint8Array<ArrayBuffer>]): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${name}`;
}
