/** Summarises a training in one line. @module */
import { TRAIN_CONFIG } from "../../api/keys.ts";
import { count, duration, plural } from "./print.ts";

/**
 * Reads epochs, time and losses from the stored settings, and which epoch the model is from: that of the lowest
 * validation loss, or the last one if there were no validation cells.
 */
export function trainingText(config: Readonly<Record<string, unknown>>): string {
  const number = (key: string): number | null => (typeof config[key] === "number" ? config[key] : null);
  const loss = (name: string, value: number | null): string[] =>
    value === null ? [] : [`${name} loss ${value.toFixed(4)}`];
  const epochs = number(TRAIN_CONFIG.epochsCompleted);
  const seconds = number(TRAIN_CONFIG.trainSeconds);
  const nNetworks = number(TRAIN_CONFIG.ensembleSize) ?? 1;
  const best = number(TRAIN_CONFIG.bestEpoch);
  const bestLoss = number(TRAIN_CONFIG.bestValLoss);
  const last = [
    ...loss("training", number(TRAIN_CONFIG.lastTrainLoss)),
    ...loss("validation", number(TRAIN_CONFIG.lastValLoss)),
  ].join(", ");
  const ran = [
    nNetworks > 1
      ? `${count(nNetworks)} networks of ${epochs === null ? "some" : `up to ${count(epochs)}`} epochs`
      : "",
    nNetworks > 1 ? "" : epochs === null ? "trained" : plural(epochs, "epoch"),
    seconds === null ? "" : ` in ${duration(seconds)}`,
  ].join("");
  const kept =
    bestLoss === null
      ? nNetworks > 1
        ? "kept the last epoch of each"
        : "kept the last one"
      : best === null
        ? `kept the best epoch of each (validation loss ${bestLoss.toFixed(4)} on average)`
        : `kept epoch ${count(best)} (validation loss ${bestLoss.toFixed(4)})`;
  return [ran, kept, last === "" ? "" : `at the end ${last}`].filter((part) => part !== "").join(", ");
}
