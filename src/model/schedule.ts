/** Learning rate schedule and early stopping, after each epoch. @module */

/** Settings of {@link createPlateau}; torch's names are factor, patience, min_lr. */
export interface PlateauOptions {
  readonly factor: number;
  readonly patience: number;
  readonly minLr: number;
}

const PLATEAU_THRESHOLD = 1e-4;
const PLATEAU_EPS = 1e-8;

/**
 * torch's `ReduceLROnPlateau` (mode min, relative threshold 1e-4, no cooldown, eps 1e-8): given the
 * monitored loss of an epoch and the current learning rate, returns the next one.
 */
export function createPlateau({
  factor,
  patience,
  minLr,
}: PlateauOptions): (loss: number, lr: number) => number {
  let best = Number.POSITIVE_INFINITY;
  let nBad = 0;
  return (loss, lr) => {
    if (loss < best * (1 - PLATEAU_THRESHOLD)) {
      best = loss;
      nBad = 0;
    } else nBad++;
    if (nBad <= patience) return lr;
    nBad = 0;
    const next = Math.max(lr * factor, minLr);
    return lr - next > PLATEAU_EPS ? next : lr;
  };
}

/**
 * Decides after each epoch whether to stop: after `patience` consecutive epochs whose loss was not more than
 * `minDelta` below the best so far.
 */
export function createStopper(patience: number, minDelta: number): (loss: number) => boolean {
  let best = Number.POSITIVE_INFINITY;
  let nBad = 0;
  return (loss) => {
    if (loss < best - minDelta) {
      best = loss;
      nBad = 0;
    } else nBad++;
    return nBad >= patience;
  };
}
