// Peak memory of large jobs, once each: 50,000 x 20,000 trained, 1,000,000 x 20,000 predicted from disk.
import { join } from "node:path";
import { atlas, FOLDER, model, remove, trainArguments } from "../data.mjs";
import { CLI, measure } from "../measure.mjs";

const EPOCHS = 2;

/** Without the summary's lists of files, which name this machine's folders. */
function measured(command, args) {
  const { printed, ...figures } = measure(command, args);
  return { ...figures, trainSeconds: printed.train_seconds };
}

export function memory({ keep, cells }) {
  const reference = atlas(50000, 20000);
  const trained = measured(process.execPath, [
    ...trainArguments(reference, join(FOLDER, "memory", "model.pth"), EPOCHS),
    "--json",
  ]);
  const nCells = Number(cells);
  const query = atlas(nCells, 20000, 3);
  const pth = model(10000, 20000);
  const out = join(FOLDER, "memory", "out.csv");
  const args = [
    CLI,
    "predict",
    "--model",
    pth,
    "--adata",
    query,
    "--knn-correction",
    "off",
    "--out",
    out,
    "--json",
  ];
  const predicted = measured(process.execPath, args);
  if (!keep) remove(query);
  return {
    train: {
      nCells: 50000,
      nGenes: 20000,
      epochs: EPOCHS,
      epochSeconds: trained.trainSeconds / EPOCHS,
      ...trained,
    },
    predict: {
      nCells,
      nGenes: 20000,
      cellsPerSecond: Math.round(nCells / predicted.wallSeconds),
      ...predicted,
    },
  };
}
