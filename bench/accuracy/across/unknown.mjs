// What plain `train` and `predict` make Unknown: node unknown.mjs TASKS [TASK.DRAW ...]
//
// TASKS is the folder that tasks.py wrote (npm run build first). For each task a line with the share of novel cells that are Unknown, the
// share of cells of known types that are, the same by distance alone, the factor that distances were divided by, and the shift score.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buildModel, openAnnData, predict, toPlain } from "../../../dist/api/index.js";

const [folder, ...chosen] = process.argv.slice(2);
const names =
  chosen.length > 0
    ? chosen
    : readdirSync(folder)
        .filter((name) => name.endsWith(".query.h5ad"))
        .map((name) => name.replace(".query.h5ad", ""))
        .sort();
/** Index of `unlike_reference` among the reasons. */
const UNLIKE = 2;
const share = (n, of) => (of === 0 ? "-" : (n / of).toFixed(3));
console.log("task\tnovel\tfound\tfound by distance\tknown\tlost\tlost by distance\tspread\tshift score");
for (const name of names) {
  const reference = await openAnnData(join(folder, `${name}.reference.h5ad`));
  const model = await buildModel(reference, { labelColumns: ["label"] });
  await reference.close();
  const query = await openAnnData(join(folder, `${name}.query.h5ad`));
  const { data } = await predict(model, query, { knnCorrection: "low_conf_only" });
  const truth = await query.obs.column("label");
  const [label] = data.labels;
  const types = new Set(label.raw.categories);
  const counts = { novel: [0, 0, 0], known: [0, 0, 0] };
  truth.codes.forEach((code, cell) => {
    const type = truth.categories[code];
    const kind = type === "novel" ? "novel" : types.has(type) ? "known" : null;
    if (kind === null) return;
    counts[kind][0]++;
    counts[kind][1] += label.isUnknown[cell];
    counts[kind][2] += label.distance !== undefined && label.unknownReasons[cell] === UNLIKE ? 1 : 0;
  });
  const meta = toPlain(data.metadata);
  await query.close();
  const { novel, known } = counts;
  console.log(
    [
      name,
      novel[0],
      share(novel[1], novel[0]),
      share(novel[2], novel[0]),
      known[0],
      share(known[1], known[0]),
      share(known[2], known[0]),
      meta.distance_spread?.label?.toFixed(3) ?? "-",
      meta.shift_score?.toFixed(2) ?? "-",
    ].join("\t"),
  );
}
