/** The dot plot of a report: the best genes of the labels, in the query beside the reference. */
import { expect, test } from "vitest";
import { dense, identityModel } from "../../test/helpers/predict-fixtures.ts";
import type { LabelGene } from "../model/genes/types.ts";
import { createAnnData, predict, TrainedModel } from "./index.ts";

const HOSTILE = `</title><script>alert(1)</script>"'&`;
const GENES = [HOSTILE, "g1", "g2"];
const gene = (name: string, expressing: number, siblingsExpressing: number): LabelGene => ({
  gene: name,
  score: 0.25,
  expressing,
  siblingsExpressing,
});
const ofClass = (label: string, parent: string | null, genes: readonly LabelGene[]) => ({
  label,
  parent,
  nCells: 40,
  nSiblingCells: 60,
  genes,
});

/** Says the class of the largest of three genes, and which genes speak for it. */
function explainedModel(genes = GENES): TrainedModel {
  return new TrainedModel({
    ...identityModel(null, genes),
    labelGenes: [
      {
        column: "kind",
        classes: [
          ofClass("a1", null, [gene(genes[0], 0.9, 0.1), gene(genes[1], 0.45, 0.2)]),
          ofClass("a2", null, [gene(genes[1], 0.8, 0.3)]),
          ofClass("b1", null, [gene(genes[2], 0.7, 0.05)]),
        ],
      },
      { column: "group", classes: [ofClass("a", null, []), ofClass("b", null, [])] },
    ],
  });
}

const X = [
  [9, 1, 0],
  [9, 0, 0],
  [9, 0, 2],
  [9, 0, 0],
  [0, 9, 0],
  [3, 9, 0],
];
const query = (values: readonly (readonly number[])[], genes = GENES) =>
  createAnnData({
    X: dense(values.map((row) => [...row])),
    obs: { index: values.map((_, i) => `c${i}`) },
    var: { index: genes },
  });
const SURE = { numThreads: 1, confidenceLow: 0, confidenceHigh: 0 };

/** The second table: every gene in every label of the query. */
const EVERY_GENE = /<summary>Every gene in every label.*?<\/table>/gs;

/** The rows of the table of a report's genes: label, cells, gene, here, reference, siblings. */
function rowsOf(html: string): string[][] {
  const section = html
    .slice(html.indexOf('<h2 id="genes"'), html.indexOf('<h2 id="unknown"'))
    .replace(EVERY_GENE, "");
  return [...section.matchAll(/<tr><th scope="row">(.*?)<\/th>(.*?)<\/tr>/g)].map(([, label, rest]) => [
    label,
    ...[...rest.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, text]) => text.replace("\u00a0", " ")),
  ]);
}

test("it has the best genes of each label with the shares that the cells give", async () => {
  const model = explainedModel();
  const adata = await query(X);
  const result = await predict(model, adata, SURE);
  const html = await result.toReport(adata, model);
  const kind = result.data.labels[1].final;
  const expected = model.data.labelGenes![0].classes.flatMap(({ label, genes }) => {
    const cells = X.filter((_, i) => kind.categories[kind.codes[i]] === label);
    return genes.flatMap(({ gene: name, expressing, siblingsExpressing }, g) => {
      const here = cells.filter((row) => row[GENES.indexOf(name)] > 0).length / cells.length;
      const shown = [here, expressing, siblingsExpressing].map((share) => `${(100 * share!).toFixed(1)} %`);
      const text =
        name === HOSTILE ? "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;" : name;
      return cells.length === 0 ? [] : [[label, g === 0 ? String(cells.length) : "", text, ...shown]];
    });
  });
  expect(expected.map(([label]) => label)).toEqual(["a1", "a1", "a2"]);
  expect(rowsOf(html)).toEqual(expected);
  // Dots and rings have areas in the proportion of the shares: a1 expresses g1 in 1 of 4 cells here, in 45 % there.
  const dot =
    /a1: g1: expressed in 25\.0.% here.*?<circle[^>]* r="([\d.]+)".*?<circle[^>]* r="([\d.]+)"/.exec(html)!;
  expect(Number(dot[1]) ** 2 / Number(dot[2]) ** 2).toBeCloseTo(0.25 / 0.45, 2);
  // The paler dots are in the second table: of two cells that are a2, one expresses the first gene and both the second.
  const every = html.match(EVERY_GENE)![0].replaceAll("\u00a0", " ");
  expect(every).toContain('<th scope="row">a2</th><td class="n">50.0 %</td><td class="n">100.0 %</td></tr>');
  expect(html).not.toContain("<script>alert");
  expect(html).toContain('href="#genes"');
});

test("genes that the query lacks give way to others of the label; of a label without any the reference is shown", async () => {
  const model = explainedModel(["g0", "g1", "g2"]);
  const some = await query(
    X.map(([, g1, g2]) => [g1, g2]),
    ["g1", "g2"],
  );
  // Two cells have no counts left, and so no label; of the other four three express g1.
  const only = { ...SURE, onlyLabels: ["a1"] };
  const given = await (await predict(model, some, only)).toReport(some, model);
  expect(rowsOf(given)).toEqual([["a1", "4", "g1", "75.0 %", "45.0 %", "20.0 %"]]);
  const none = await query([[5], [5]], ["g2"]);
  const lacking = await (await predict(model, none, only)).toReport(none, model);
  expect(rowsOf(lacking).map((row) => row.slice(2))).toEqual([
    ["g0", "–", "90.0 %", "10.0 %"],
    ["g1", "–", "45.0 %", "20.0 %"],
  ]);
  expect(lacking).toContain("a1: g0: the query lacks it, 90.0");
  expect(lacking).toContain("their best stand in grey");
});

test("the query is read as it was predicted", async () => {
  const model = explainedModel();
  const adata = await createAnnData({
    X: dense(X.map((row) => row.map(() => 1))),
    layers: { counts: dense(X) },
    obs: { index: X.map((_, i) => `c${i}`) },
    var: { index: GENES },
  });
  const html = await (await predict(model, adata, { ...SURE, layer: "counts" })).toReport(adata, model);
  expect(rowsOf(html)).toContainEqual(["a1", "", "g1", "25.0 %", "45.0 %", "20.0 %"]);
});

test("without genes of the labels the section is left out; where the cells cannot be counted a warning says so", async () => {
  const adata = await query(X);
  const plain = new TrainedModel(identityModel(null, GENES));
  expect(await (await predict(plain, adata, SURE)).toReport(adata, plain)).not.toContain('id="genes"');
  const model = explainedModel();
  const other = await (await predict(model, adata, SURE)).toReport(await query(X.slice(1)), model);
  expect(other).not.toContain('id="genes"');
  expect(other).toContain("the genes of the labels are not shown: there are 6 labels");
});

test("of many labels those with most cells are drawn, with two genes each", async () => {
  const n = 32;
  const genes = Array.from({ length: n }, (_, g) => `g${g}`);
  const base = identityModel(null, genes);
  const classes = genes.map((_, c) => `type ${String(c).padStart(2, "0")}`);
  const bias = new Float32Array(n);
  const weight = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const model = new TrainedModel({
    ...base,
    labelHeads: [{ column: "type", classes }],
    coordHeads: [],
    shape: { ...base.shape, nClasses: [n], coordDims: [] },
    weights: { ...base.weights, labelHeads: [{ nIn: n, nOut: n, weight, bias }], coordHeads: [] },
    labelGenes: [
      {
        column: "type",
        classes: classes.map((label, c) =>
          ofClass(
            label,
            null,
            [0, 1, 2].map((k) => gene(genes[(c + k) % n], 0.9, 0.1)),
          ),
        ),
      },
    ],
  });
  // Two cells of every type but the types 3 and 7, which have one.
  const labelled = genes.flatMap((_, c) => (c === 3 || c === 7 ? [c] : [c, c]));
  const adata = await query(
    labelled.map((c) => genes.map((_, g) => (g === c ? 9 : 0))),
    genes,
  );
  const html = await (await predict(model, adata, SURE)).toReport(adata, model);
  const drawn = rowsOf(html).map(([label]) => label);
  expect(drawn).toEqual(classes.filter((_, c) => c !== 3 && c !== 7).flatMap((label) => [label, label]));
  expect(html).toContain(
    "The 2 best genes of each label of type that this query has. The 30 labels with most cells of 32.",
  );
});
