import { expect, test } from "vitest";
import { trainingText } from "./training-text.ts";

const losses = { last_train_loss: 0.5, last_val_loss: 0.75 };

test.each([
  [
    { epochs_completed: 40, train_seconds: 12.3, best_epoch: 31, best_val_loss: 0.70001, ...losses },
    "40 epochs in 12 s, kept epoch 31 (validation loss 0.7000), at the end training loss 0.5000, validation loss 0.7500",
  ],
  [
    { epochs_completed: 1, train_seconds: 0.5, best_epoch: null, best_val_loss: null, last_train_loss: 2 },
    "1 epoch in 0.50 s, kept the last one, at the end training loss 2.0000",
  ],
  [
    { epochs_completed: 40, ensemble_size: 5, best_epoch: null, best_val_loss: 0.7, ...losses },
    "5 networks of up to 40 epochs, kept the best epoch of each (validation loss 0.7000 on average), at the end training loss 0.5000, validation loss 0.7500",
  ],
  [
    { epochs_completed: 3, ensemble_size: 2, last_train_loss: 0.5 },
    "2 networks of up to 3 epochs, kept the last epoch of each, at the end training loss 0.5000",
  ],
])("the line of a training says which epoch was kept: %#", (config, text) => {
  expect(trainingText(config)).toBe(text);
});
