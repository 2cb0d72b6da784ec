import { expect, test } from "vitest";
import { Float, keyed } from "../core/config.ts";
import { camelName, keysOf, snakeName } from "./keys.ts";
import { BEHAVIOUR_SCORES, LABEL_SCORES, POLICY_FEATURES } from "./scores.ts";
import * as training from "./training.ts";

test("a part of a file has the order of its table, whatever order its values are given in", () => {
  const KEYS = keysOf("n_cells", "knn_{}", "macro_f1", "left_out");
  const part = keyed(KEYS, {
    macroF1: new Float(1),
    leftOut: undefined,
    "knn{}": new Map([["cell_type", 3]]),
    nCells: null,
  });
  expect([...part]).toEqual([
    ["n_cells", null],
    ["knn_cell_type", 3],
    ["macro_f1", new Float(1)],
  ]);
});

test("a name of the data that looks like a pattern stays as it is", () => {
  expect([...keyed(keysOf("of_{}"), { "of{}": new Map([["$&", 1]]) }).keys()]).toEqual(["of_$&"]);
});

test("keys and names in code are one another's spelling", () => {
  const tables = [LABEL_SCORES, BEHAVIOUR_SCORES, POLICY_FEATURES, ...Object.values(training)];
  for (const table of tables)
    if (typeof table === "object")
      for (const [name, key] of Object.entries(table)) {
        expect(camelName(key)).toBe(name);
        expect(snakeName(name)).toBe(key);
      }
});
