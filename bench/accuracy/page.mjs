// The tables of docs/accuracy.md; the text around them is written by hand.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BEGIN = "<!-- tables: begin (node bench/accuracy/study.mjs) -->";
const END = "<!-- tables: end -->";
const PAGE = join(import.meta.dirname, "../../docs/accuracy.md");

const COHERENT = "atlasmtl_best_calibrated_levels";
const NAMES = {
  atlasmtl: "atlasmtl, `--preset original`",
  atlasmtl_best: "atlasmtl, `--preset best`",
  atlasmtl_best_calibrated: "`best`, calibrated",
  [COHERENT]: "the same, coherent",
  pytorch: "the defaults in PyTorch",
  logistic_regression: "logistic regression",
  nearest_centroid: "nearest centroid",
  knn: "15 neighbours on 30 PCs",
};
/** Name, decimals and which end is good. */
const COLUMNS = {
  accuracy: ["accuracy", 3, 1],
  macroF1: ["macro-F1", 3, 1],
  ece: ["ECE", 3, -1],
  aurc: ["AURC", 4, -1],
  unseenAuroc: ["unseen type, AUROC", 3, 1],
};

/** Title and decimals by figure of levels.mjs. */
const LEVEL_COLUMNS = {
  ece: "ECE",
  eceByChance: "by chance",
  contradictions: "levels contradict",
  coherentContradictions: "coherent",
  finestKnown: "finest label",
  finestRight: "right",
  deepestKnown: "deepest label",
  deepestRight: "right",
  covered: "in set",
  leastCovered: "least type",
  setSize: "labels in set",
  single: "sets of one",
};

function levelsTable(levels) {
  const mean = (rows, key) => {
    const values = rows.map((row) => row[key]).filter((value) => value !== null);
    return values.length === 0
      ? ""
      : (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
  };
  const lines = [
    ["finest level", ...Object.values(LEVEL_COLUMNS)],
    ["---", ...Object.keys(LEVEL_COLUMNS).map(() => "---")],
    ...[...new Set(levels.map(({ task }) => task))].map((task) => {
      const rows = levels.filter((row) => row.task === task);
      return [task, ...Object.keys(LEVEL_COLUMNS).map((key) => mean(rows, key))];
    }),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * Replaces the tables by those of a summary of score.mjs, the best mean of each column bold, and of the figures of
 * levels.mjs.
 */
export function writePage(summary, levels) {
  const parts = [];
  for (const task of new Set(summary.map((row) => row.task))) {
    parts.push(`### ${task}`);
    const ofTask = summary.filter((row) => row.task === task);
    for (const level of new Set(ofTask.map((row) => row.level))) {
      const rows = ofTask.filter((row) => row.level === level);
      // A mean over fewer seeds than the others' is no comparison.
      for (const key of Object.keys(COLUMNS)) {
        const most = Math.max(...rows.map((row) => row[key]?.n ?? 0));
        for (const row of rows) if (row[key]?.n !== most) delete row[key];
      }
      const columns = Object.entries(COLUMNS).filter(([key]) => rows.some((row) => row[key] !== undefined));
      const best = ([key, [, digits, sign]]) =>
        Math.max(...rows.map((row) => sign * Number(row[key]?.mean.toFixed(digits) ?? -sign * 1e9)));
      const cell = (row, column) => {
        const [key, [, digits, sign]] = column;
        if (row[key] === undefined) return "";
        const { mean, spread } = row[key];
        const text = `${mean.toFixed(digits)} ± ${spread.toFixed(digits)}`;
        return sign * Number(mean.toFixed(digits)) === best(column) ? `**${text}**` : text;
      };
      const lines = [
        [`\`${level}\``, ...columns.map(([, [name]]) => name)],
        ["---", ...columns.map(() => "---")],
        ...Object.keys(NAMES).flatMap((method) => {
          // Where there is one level there is nothing to make coherent.
          if (method === COHERENT && new Set(ofTask.map((row) => row.level)).size === 1) return [];
          const row = rows.find((each) => each.method === method);
          return row === undefined ? [] : [[NAMES[method], ...columns.map((column) => cell(row, column))]];
        }),
      ];
      parts.push(lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n"));
    }
  }
  if (levels.length > 0)
    parts.push("### Coherent levels, deepest labels, prediction sets", levelsTable(levels));
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost the marks around its tables`);
  writeFileSync(
    PAGE,
    `${page.slice(0, begin + BEGIN.length)}\n\n${parts.join("\n\n")}\n\n${page.slice(end)}`,
  );
}
