import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type ColumnKind,
  columnName,
  DEEPEST_COLUMNS,
  isPredictionColumn,
  LABEL_COLUMN_ENTRIES,
  labelColumnOf,
  nameOf,
  WRITE_MODES,
} from "./columns.ts";

const TYPES: Readonly<Record<ColumnKind, string>> = {
  label: "label",
  score: "float32",
  flag: "bool",
  reason: "label, none",
  set: "label",
};

test("docs/outputs.md has the table of columns, in order", () => {
  const docs = readFileSync(new URL("../../docs/outputs.md", import.meta.url), "utf8");
  const rows = LABEL_COLUMN_ENTRIES.map(([, entry]) => {
    const modes =
      entry.needs === undefined
        ? entry.fromWithDistance !== undefined
          ? "full; standard with `distance_L`"
          : WRITE_MODES.slice(WRITE_MODES.indexOf(entry.from)).join(", ")
        : entry.needs === "predictionSets"
          ? "every mode, with `--prediction-sets`"
          : entry.needs === "consensus"
            ? "every mode, with `--consensus-by`"
            : entry.needs === "probMatch"
              ? "every mode, with `--mode prob_match`"
              : "standard, full, where distances are measured";
    const cells = [`\`${nameOf(entry, "L")}\``, TYPES[entry.kind], entry.range, entry.about, modes];
    return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  });
  expect(docs).toContain(`\n${rows.join("\n")}\n`);
  for (const name of Object.values(DEEPEST_COLUMNS)) expect(docs).toContain(`| \`${name}\` |`);
});

test("a column is recognised by its name, whichever label column it is of", () => {
  for (const [key, entry] of LABEL_COLUMN_ENTRIES) {
    const name = nameOf(entry, "cell_type");
    expect(name).toBe(columnName(key, "cell_type"));
    expect(labelColumnOf(key, name)).toBe("cell_type");
    expect(isPredictionColumn(name)).toBe(true);
  }
  expect(labelColumnOf("raw", "pred_raw")).toBeNull();
  expect(["cell_type", "prediction", "conf", "unknown"].filter(isPredictionColumn)).toEqual([]);
});
