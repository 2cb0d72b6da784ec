/**
 * Reads and writes feature panels, and gets the panel of a model
 * (docs/specification/4-preprocessing.md#feature-panel).
 * @module
 */
import { platform } from "#platform";
import type { FileInput } from "../core/bytes.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { readInput } from "../core/read-input.ts";
import { locateOnce } from "../errors.ts";
import { modelPanel } from "../predict/model-panel.ts";
import { type FeaturePanel, panelFromConfig, panelToConfig } from "../preprocess/panel.ts";
import type { TrainedModel } from "./trained-model.ts";

/** The panel as the bytes of its file: JSON, two-space indent, sorted keys. */
export function emitFeaturePanel(panel: FeaturePanel): Uint8Array {
  return emitJson(panelToConfig(panel));
}

/** Writes a panel (Node), whole or not at all; its name ends in `_feature_panel.json`. @throws IO. */
export async function writeFeaturePanel(path: string, panel: FeaturePanel): Promise<void> {
  await platform.files.writeAll([{ path, bytes: [emitFeaturePanel(panel)] }]);
}

/**
 * Reads a panel from its file.
 * @throws NOT_FOUND, LIMIT, or BAD_FORMAT for a file that is no panel.
 */
export async function readFeaturePanel(input: FileInput): Promise<FeaturePanel> {
  const { bytes, name } = await readInput(input, MAX_JSON_BYTES);
  try {
    return panelFromConfig(parseJsonObject(bytes), name);
  } catch (error) {
    throw locateOnce(error, name);
  }
}

/** The panel a model was trained on; null for a model without one. */
export function featurePanelOf(model: TrainedModel): FeaturePanel | null {
  return modelPanel(model.data);
}
