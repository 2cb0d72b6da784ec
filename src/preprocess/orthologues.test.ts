import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { describeShared, sharedPath } from "../../test/helpers/shared.ts";
import { packagedTable } from "./gene-table.ts";
import { orthologues } from "./orthologues.ts";

test("orthologues are one to one, and the same from either side", async () => {
  const [toHuman, toMouse] = [await orthologues("mouse", "human"), await orthologues("human", "mouse")];
  expect(toHuman.of.size).toBe(toMouse.of.size);
  for (const [mouse, human] of toHuman.of) expect(toMouse.of.get(human)).toBe(mouse);
  await expect(orthologues("human", "rat")).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test("markers whose orthologue is not their name in other case", async () => {
  const [human, mouse] = [await packagedTable("human"), await packagedTable("mouse")];
  const { of } = await orthologues("human", "mouse");
  const other = (symbol: string) => mouse.symbolOf.get(of.get(human.idOf.get(symbol)!)!);
  expect(["CD8B", "LYZ", "KLRB1", "CD3E", "CST3"].map(other)).toEqual([
    "Cd8b1",
    "Lyz2",
    "Klrb1a",
    "Cd3e",
    "Cst3",
  ]);
});

describeShared("orthologues against Ensembl's", () => {
  test("of its genes with one orthologue on either side, 95 % have the same here, and 1 % another one", async () => {
    const text = gunzipSync(
      readFileSync(sharedPath("data/gene_ids/biomart_human_mouse_rat.tsv.gz")),
    ).toString();
    const pairs = new Set<string>();
    const counts = new Map<string, number>();
    for (const line of text.split("\n").slice(1)) {
      const cells = line.split("\t");
      const pair = `${cells[0]} ${cells[3] ?? ""}`;
      if (cells[0] === "" || !cells[3] || pairs.has(pair)) continue;
      pairs.add(pair);
      for (const id of [cells[0], cells[3]]) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const { of } = await orthologues("human", "mouse");
    const single = [...pairs]
      .map((pair) => pair.split(" "))
      .filter((ids) => ids.every((id) => counts.get(id) === 1));
    const nSame = single.filter(([human, mouse]) => of.get(human) === mouse).length;
    expect(single.length).toBeGreaterThan(17_000);
    const nOther = single.filter(([human]) => of.has(human)).length - nSame;
    expect(nSame / single.length).toBeGreaterThan(0.95);
    expect(nOther / single.length).toBeLessThan(0.015);
  });
});
