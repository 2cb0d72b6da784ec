/** The command that trains a model again on the genes that a query has. @module */
import { dirname, join } from "node:path";
import { type Notice, optionsOf } from "../../api/errors.ts";
import type { TrainedModel } from "../../api/index.ts";
import { TRAIN_CONFIG } from "../../api/keys.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../api/options.ts";
import { shellWord } from "./shell-word.ts";

/** The command, if a warning proposes it; else null. */
export function retrainCommand(
  warnings: readonly Notice[],
  { data: { labelHeads, trainConfig } }: TrainedModel,
  modelPath: string,
  query: string,
): string | null {
  if (!warnings.some((warning) => optionsOf(warning).some(({ name }) => name === "genes"))) return null;
  const kept = [TRAIN_CONFIG.preset, TRAIN_CONFIG.layer].flatMap((key) => {
    const value = trainConfig.get(key);
    const isUsual = typeof value !== "string" || value === DEFAULT_TRAIN_OPTIONS.layer;
    return isUsual ? [] : [`--${key}`, shellWord(value)];
  });
  const labels = labelHeads.map(({ column }) => shellWord(column));
  const out = join(dirname(modelPath), "for-these-genes", "model.pth");
  const words = ["--labels", ...labels, ...kept, "--genes-of", shellWord(query), "--out", shellWord(out)];
  return `atlasmtl train --adata REFERENCE.h5ad ${words.join(" ")}`;
}
