import { expect, test } from "vitest";
import { type CrossTable, pairLabels } from "./label-pairs.ts";

/** Rows by label: cells that get each label of the other, and cells of the label in all. */
const table = (
  predicted: readonly string[],
  rows: Readonly<Record<string, readonly [...counts: number[]]>>,
  sizes: Readonly<Record<string, number>> = {},
): CrossTable => ({
  labels: Object.keys(rows),
  predicted,
  counts: Uint32Array.from(Object.values(rows).flat()),
  sizes: Uint32Array.from(
    Object.entries(rows).map(([label, counts]) => sizes[label] ?? counts.reduce((a, b) => a + b, 0)),
  ),
});
const said = (pairs: readonly { label: string; match: string; others: readonly string[] }[]): string[] =>
  pairs.map(({ label, match, others }) => `${label} ${match} ${others.join("+")}`.trim());

test("labels that are most like each other are one type, also where most cells of one go elsewhere", () => {
  const first = table(["b cell", "cd4", "cd8"], { B: [90, 5, 5], CD4: [0, 100, 0], CD8: [0, 55, 45] });
  const second = table(["B", "CD4", "CD8"], { "b cell": [98, 1, 1], cd4: [0, 92, 8], cd8: [0, 30, 70] });
  const pairs = pairLabels(first, second);
  expect(said(pairs.first)).toEqual(["B same b cell", "CD4 same cd4", "CD8 same cd8"]);
  expect(said(pairs.second)).toEqual(["b cell same B", "cd4 same CD4", "cd8 same CD8"]);
  expect(pairs.first[2]).toMatchObject({ share: 0.45, shareBack: 0.7, nCells: 100 });
});

test("a label whose cells several labels share, and that theirs go to, is coarser than they", () => {
  const first = table(["naive", "memory", "b"], { T: [50, 45, 5], B: [0, 0, 10] });
  const second = table(["T", "B"], { naive: [95, 5], memory: [80, 0], b: [0, 20] }, { memory: 100 });
  const pairs = pairLabels(first, second);
  expect(said(pairs.first)).toEqual(["T coarser naive+memory", "B same b"]);
  expect(said(pairs.second)).toEqual(["naive finer T", "memory finer T", "b same B"]);
  expect(pairs.first[0].share).toBeCloseTo(0.95);
  expect(pairs.second[1]).toMatchObject({ share: 0.8, shareBack: 0.45 });
  const turned = pairLabels(second, first);
  expect(said(turned.second)).toEqual(said(pairs.first));
});

test("a type that the other lacks is unmatched, whatever its cells look like or whether they look like any", () => {
  const first = table(
    ["mono"],
    { Mono: [98], DC: [60], Fibroblast: [0] },
    { DC: 100, Fibroblast: 30, Mono: 100 },
  );
  const second = table(["Mono", "DC", "Fibroblast"], { mono: [95, 5, 0] });
  const pairs = pairLabels(first, second);
  expect(said(pairs.first)).toEqual(["Mono same mono", "DC unmatched mono", "Fibroblast unmatched"]);
  expect(said(pairs.second)).toEqual(["mono same Mono"]);
});

test("labels whose cells are Unknown match by their likeliest labels, where both sides have no other", () => {
  // Platelets are too few to be sure of; stroma is in the first reference alone.
  const sizes = { MK: 10, Stroma: 20 };
  const first = table(["b", "platelet"], { B: [50, 0], MK: [1, 0], Stroma: [0, 0] }, sizes);
  const second = table(["B", "MK"], { b: [60, 0], platelet: [0, 0] }, { platelet: 14 });
  const guessed = {
    first: table(["b", "platelet"], { B: [50, 0], MK: [8, 2], Stroma: [18, 2] }),
    second: table(["B", "MK"], { b: [60, 0], platelet: [0, 14] }),
  };
  const sure = pairLabels(first, second);
  expect(said(sure.first)).toEqual(["B same b", "MK unmatched b", "Stroma unmatched"]);
  const pairs = pairLabels(first, second, guessed);
  expect(said(pairs.first)).toEqual(["B same b", "MK same platelet", "Stroma unmatched"]);
  expect(said(pairs.second)).toEqual(["b same B", "platelet same MK"]);
  expect(pairs.first[1]).toMatchObject({ share: 0.2, shareBack: 1 });
  // With many cells a model would know them: they are another type.
  const many = { ...sizes, MK: 20 };
  const large = pairLabels(
    table(["b", "platelet"], { B: [50, 0], MK: [1, 0], Stroma: [0, 0] }, many),
    table(["B", "MK"], { b: [60, 0], platelet: [0, 0] }, { platelet: 40 }),
    guessed,
  );
  expect(said(large.first)[1]).toBe("MK unmatched b");
  // A label that is sure of its match keeps it.
  const taken = pairLabels(
    table(["b", "platelet"], { B: [0, 50], MK: [0, 0], Stroma: [0, 0] }, sizes),
    table(["B", "MK"], { b: [0, 0], platelet: [14, 0] }, { b: 60 }),
    guessed,
  );
  expect(said(taken.first)).toEqual(["B same platelet", "MK unmatched", "Stroma unmatched"]);
  expect(said(taken.second)).toEqual(["b unmatched", "platelet same B"]);
});

test("labels that cut the same cells otherwise on both sides are no levels of each other", () => {
  const first = table(["x", "y"], { A: [60, 40], B: [55, 45] });
  const second = table(["A", "B"], { x: [60, 40], y: [60, 40] });
  for (const { match } of [...pairLabels(first, second).first, ...pairLabels(first, second).second])
    expect(match).not.toBe("coarser");
});

test("references without cells of a label, or without labels, pair nothing", () => {
  const none = table([], {});
  expect(pairLabels(none, none)).toEqual({ first: [], second: [] });
  const pairs = pairLabels(table([], { A: [] }), none);
  expect(said(pairs.first)).toEqual(["A unmatched"]);
});
