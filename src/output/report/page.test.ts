import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { labels } from "../../../test/helpers/labels.ts";
import { Float } from "../../core/config.ts";
import type { LabelPrediction, PredictedLabels } from "../../predict/types.ts";
import { renderReport } from "./page.ts";
import type { ReportInput } from "./types.ts";

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u202e\u0000`;

function prediction(column: string, names: readonly string[], used = 0): LabelPrediction {
  const n = names.length;
  return {
    column,
    raw: labels(names.map((name) => (name === "Unknown" ? names[0] : name))),
    knn: labels(names.map((name) => (name === "Unknown" ? names[0] : name))),
    final: labels(names),
    conf: Float32Array.from(names, (_, i) => 0.35 + 0.6 * ((i * 7) % 10) * 0.1),
    margin: new Float32Array(n).fill(0.5),
    isLowConf: new Uint8Array(n).fill(used),
    knnVoteFrac: new Float32Array(n).fill(used === 1 ? 0.9 : Number.NaN),
    isLowKnnConf: new Uint8Array(n),
    usedKnn: new Uint8Array(n).fill(used),
    isUnknown: Uint8Array.from(names, (name) => (name === "Unknown" ? 1 : 0)),
    unknownReasons: Int32Array.from(names, (name) => (name === "Unknown" ? 0 : -1)),
  };
}

const COARSE = ["T", "T", "B", "B", "Unknown"];
const FINE = ["CD4", "CD8", "naive B", "naive B", "Unknown"];

function input(overrides: Partial<ReportInput> = {}): ReportInput {
  return {
    title: "A run",
    summary: "Five cells.",
    facts: [{ name: "Query", value: "query.h5ad", isCode: true }],
    warnings: [],
    truths: new Map(),
    groups: null,
    embedding: {
      name: "a map",
      points: { nRows: 5, nCols: 2, data: Float32Array.from([0, 0, 1, 1, 2, 0, 3, 1, 4, 4]) },
    },
    methods: [
      {
        name: "atlasmtl",
        description: null,
        labels: [prediction("coarse", COARSE, 1), prediction("fine", FINE, 1)],
        reasons: [
          {
            no_counts: 0,
            low_confidence: 1,
            knn_disagrees: 0,
            unlike_reference: 0,
            open_set: 0,
            hierarchy: 0,
          },
          {
            no_counts: 0,
            low_confidence: 0,
            knn_disagrees: 1,
            unlike_reference: 0,
            open_set: 0,
            hierarchy: 0,
          },
        ],
        coordinates: new Map(),
        costs: [{ name: "Time", value: "1 s" }],
        settings: new Map([["confidence_low", new Float(0.4)]]),
      },
    ],
    files: [{ role: "input", path: "query.h5ad", sizeBytes: 5, sha256: "ab" }],
    provenance: [],
    command: ["atlasmtl", "predict"],
    ...overrides,
  };
}

const TRUTHS = new Map<string, PredictedLabels>([
  ["coarse", labels(["T", "T", "B", "T", "B"])],
  ["fine", labels(["CD4", "CD4", "naive B", "CD8", null])],
]);

test("without truth there are labels and confidences, and no claim of being right", () => {
  const page = renderReport(input());
  expect(page).toContain("How sure the labels are");
  expect(page).not.toContain("How right the labels are");
  expect(page).not.toContain('id="confusion"');
  expect(page).not.toContain('data-panel="truth"');
  expect(page).toContain("network and neighbours are both unsure");
});

test("with truth every section is there, and every link of the page leads to one", () => {
  const page = renderReport(
    input({ truths: TRUTHS, groups: { name: "donor", labels: labels(["a", "a", "b", "b", "b"]) } }),
  );
  for (const id of ["input", "levels", "map", "confusion", "labels", "trust", "unknown", "neighbours"])
    expect(page).toContain(`id="${id}"`);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${target}"`);
  expect(page).toContain("by donor");
  // Three of the five cells are right on the coarse level.
  expect(page).toContain("60.0\u00a0%");
});

test("columns that were carried over are told by label, and coloured on a map of their own", () => {
  const transferred = {
    columns: [
      {
        column: "age",
        kind: "number" as const,
        mean: Float32Array.of(20, 30, 50, Number.NaN, 70),
        spread: Float32Array.of(1, 2, 3, Number.NaN, 4),
      },
      {
        column: "tissue",
        kind: "label" as const,
        labels: labels(["lung", HOSTILE, "lung", "lung", null]),
        share: Float32Array.of(0.5, 1, 0.75, 0.25, Number.NaN),
      },
    ],
    distance: new Float32Array(5).fill(1),
  };
  const page = renderReport(input({ transferred }));
  expect(page).not.toContain(HOSTILE);
  for (const kind of ["carried-0", "carried-1"]) expect(page).toContain(`data-panel="${kind}"`);
  expect(page).toContain('20 <span class="ramp" data-ramp></span> 70');
  const [section] = page.slice(page.indexOf('id="carried"')).split("<h2");
  const rows = [...section.matchAll(/<tr>(<th scope="row">.*?)<\/tr>/g)].map(([, row]) =>
    row
      .replace(/<[^>]+>/g, "|")
      .split(/\|+/)
      .filter((text) => text !== ""),
  );
  expect(rows[0]).toEqual(["naive B", "1", "50", "0", "3"]);
  expect(rows.filter(([label]) => label === "CD4")).toEqual([
    ["CD4", "1", "20", "0", "1"],
    ["CD4", "1", "lung 100\u00a0%", "0.500"],
  ]);
  expect(rows.filter(([label]) => label === "naive B")[1]).toEqual([
    "naive B",
    "2",
    "lung 100\u00a0%",
    "0.500",
  ]);
  expect(rows.at(-1)).toEqual(["Unknown", "0", "–"]);
  expect(renderReport(input())).not.toContain('id="carried"');
});

test("each group has its cells, accuracy, confidence, Unknown and most frequent labels", () => {
  const groups = { name: "donor", labels: labels(["a", "a", HOSTILE, HOSTILE, null]) };
  const page = renderReport(input({ truths: TRUTHS, groups }));
  const section = page.slice(page.indexOf('<h2 id="by"'));
  const rows = [
    ...section.slice(section.indexOf("<tbody>"), section.indexOf("</table>")).matchAll(/<tr>(.*?)<\/tr>/g),
  ];
  const cells = rows.map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, text]) => text),
  );
  expect(cells).toHaveLength(2);
  // CD4 is right and CD8 wrong; naive B is right once of two.
  expect(cells[0]).toEqual([
    "a",
    "2",
    "50.0\u00a0%",
    "0.560",
    "0",
    "0.0\u00a0%",
    "2",
    "CD4 50\u00a0%, CD8 50\u00a0%",
  ]);
  expect(cells[1].slice(1)).toEqual([
    "2",
    "50.0\u00a0%",
    "0.500",
    "0",
    "0.0\u00a0%",
    "1",
    "naive B 100\u00a0%",
  ]);
});

test("prediction sets are counted by size, and their coverage is told where the truth is known", () => {
  const base = input().methods[0];
  const sets = {
    codes: Int32Array.of(0, 1, 0, 2, 0),
    members: [[0], [0, 1], [2, 1, 0]],
    categories: ["T", "B", HOSTILE],
  };
  const [coarse, fine] = base.labels as [LabelPrediction, LabelPrediction];
  const methods = [{ ...base, labels: [{ ...coarse, sets }, fine] }];
  const known = renderReport(input({ methods, truths: TRUTHS }));
  // T, T, B, T, B: of those with T alone the third and the fifth are not covered.
  const row = (...cells: string[]) => cells.map((cell) => `<td class="n">${cell}</td>`).join("");
  expect(known).toContain(row("60.0\u00a0%", "1.60", "60.0\u00a0%", "20.0\u00a0%", "20.0\u00a0%"));
  expect(known).toContain('href="#sets"');
  const unknown = renderReport(input({ methods }));
  expect(unknown).toContain(`</th>${row("1.60", "60.0\u00a0%", "20.0\u00a0%", "20.0\u00a0%")}`);
  expect(renderReport(input())).not.toContain('id="sets"');
});

test("nothing in a page asks for anything from anywhere", () => {
  const page = renderReport(input({ truths: TRUTHS }));
  expect(page).not.toMatch(/(?:src|href)\s*=\s*["'](?!#)/i);
  expect(page).not.toMatch(/@import|url\(|https?:\/\//i);
  expect(page).toContain("default-src 'none'");
});

test("the policy lets the one script run, by its digest", () => {
  const page = renderReport(input());
  const script = /<script>([\s\S]*?)<\/script>/.exec(page)![1];
  const digest = createHash("sha256").update(script).digest("base64");
  expect(page).toContain(`script-src 'sha256-${digest}'`);
  expect(page.match(/<script>/g)).toHaveLength(1);
});

test("hostile names stay text, wherever they come in", () => {
  const names = [HOSTILE, "B", HOSTILE, "Unknown", "B"];
  const base = input().methods[0];
  const page = renderReport(
    input({
      title: HOSTILE,
      summary: HOSTILE,
      facts: [{ name: HOSTILE, value: HOSTILE }],
      warnings: [{ message: HOSTILE, where: HOSTILE, hint: HOSTILE }],
      truths: new Map([[HOSTILE, labels(names)]]),
      groups: { name: HOSTILE, labels: labels(names) },
      embedding: { name: HOSTILE, points: input().embedding!.points },
      methods: [
        {
          ...base,
          name: HOSTILE,
          description: HOSTILE,
          labels: [prediction(HOSTILE, names, 1)],
          reasons: null,
          costs: [{ name: HOSTILE, value: HOSTILE }],
          settings: new Map([[HOSTILE, HOSTILE]]),
        },
        { ...base, name: HOSTILE, labels: [prediction(HOSTILE, names)], reasons: null },
      ],
      files: [{ role: HOSTILE, path: HOSTILE, sizeBytes: 1, sha256: HOSTILE }],
      provenance: [{ name: HOSTILE, value: HOSTILE }],
      command: [HOSTILE],
    }),
  );
  expect(page).not.toContain("<script>alert");
  expect(page).not.toContain("<img");
  expect(page).not.toContain("\u202e");
  expect(page).not.toContain("\u0000");
  // No attribute was left early: what remains of the text is inside tags' text or quoted values only.
  expect(page).not.toMatch(/<[^>]*\sonerror=(?![^<]*&)/);
  expect(page.match(/<script/g)).toHaveLength(3);
});

test("the same run gives the same page", () => {
  expect(renderReport(input({ truths: TRUTHS }))).toBe(renderReport(input({ truths: TRUTHS })));
});

test("several methods are compared, and the best is marked", () => {
  const [first] = input().methods;
  const perfect = {
    ...first,
    name: "oracle",
    labels: [prediction("coarse", ["T", "T", "B", "T", "B"]), prediction("fine", FINE)],
  };
  const page = renderReport(
    input({
      truths: TRUTHS,
      methods: [first, perfect],
    }),
  );
  expect(page).toContain("Methods compared");
  expect(page).toContain('<td class="n best">100.0\u00a0%</td>');
  expect(page).toContain('id="m1-levels"');
});

test("no cells and no methods are drawn, too", () => {
  const none = labels([]);
  const empty = { ...prediction("type", []), raw: none, knn: none, final: none };
  const method = { ...input().methods[0], labels: [empty], reasons: null };
  const page = renderReport(input({ methods: [method], embedding: null, truths: new Map([["type", none]]) }));
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  expect(renderReport(input({ methods: [] }))).toContain("What went in");
});

test("of very many labels the confusion shows those with most cells, and says so", () => {
  const many = Array.from({ length: 90 }, (_, i) => `type ${i}`);
  const method = { ...input().methods[0], labels: [prediction("type", many)], reasons: null };
  const page = renderReport(
    input({ methods: [method], embedding: null, truths: new Map([["type", labels(many)]]) }),
  );
  expect(page).toContain("The 60 labels with most cells of 90");
});
