import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { toPlain } from "../core/config.ts";
import { plainLabels } from "../predict/plain-labels.ts";
import { scoreMethod } from "./score.ts";

const truth = {
  labels: new Map([["L", labels(["a", "b", "b", null])]]),
  rules: new Map(),
  domains: labels(["d0", "d0", "d1", "d1"]),
};
const plain = plainLabels("L", Int32Array.of(0, 0, 1, 1), ["a", "b"], null);

test("prediction sets are scored over all cells and in each domain", () => {
  const sets = { codes: Int32Array.of(0, 1, 1, 0), members: [[0], [0, 1]], categories: ["a", "b"] };
  const { metrics, metricsByDomain } = scoreMethod([{ ...plain, sets }], truth);
  expect(toPlain(metrics)).toMatchObject({
    L: { accuracy: 2 / 3, set_coverage: 1, mean_set_size: 5 / 3, single_label_rate: 1 / 3 },
  });
  expect(toPlain(metricsByDomain)).toMatchObject({
    d0: { L: { set_coverage: 1, mean_set_size: 1.5 } },
    d1: { L: { set_coverage: 1, mean_set_size: 2, single_label_rate: 0 } },
  });
});

test("without sets there is no score of them", () => {
  expect(Object.keys((toPlain(scoreMethod([plain], truth).metrics) as { L: object }).L)).not.toContain(
    "set_coverage",
  );
});
