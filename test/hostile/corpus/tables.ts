/** 10x Genomics files and tables of text, spoilt in their headers, counts and numbers. */
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { File, ready } from "h5wasm/node";
import { raw } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

type Codes = HostileFile["codes"];
type Case = readonly [what: string, content: string | Uint8Array, codes?: Codes];

/** Whatever a file of text may end in. */
const ANY: Codes = ["BAD_FORMAT", "BAD_DATA", "LIMIT", "UNSUPPORTED", "NOT_FOUND", "MISMATCH"];

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

const N_GENES = 3;
const N_CELLS = 4;
const HEADER = "%%MatrixMarket matrix coordinate integer general\n";
const MATRIX = `${HEADER}3 4 5\n1 1 2\n3 1 1\n2 2 7\n1 4 1\n3 4 9\n`;
const GENES =
  "ENSG00000000001\tA\tGene Expression\nENSG00000000002\tB\tGene Expression\nENSG00000000003\tC\tGene Expression\n";
const CELLS = "AAAC-1\nAAAG-1\nAAAT-1\nAACC-1\n";

/** Hundreds of megabytes of one byte, in a few hundred kilobytes. */
const bomb = (start: string, byte: string): Uint8Array =>
  gzipSync(Buffer.concat([Buffer.from(start), Buffer.alloc(300_000_000, byte)]), { level: 9 });

/** Entries of a matrix, one line each, put in the place of the good ones. */
const entries = (lines: string, size = "3 4 1"): string => `${HEADER}${size}\n${lines}`;

const MATRICES: readonly Case[] = [
  ["nothing", ""],
  ["no header", "3 4 1\n1 1 1\n"],
  ["a header alone", HEADER],
  ["sizes alone", `${HEADER}3 4 5\n`],
  ["a header of another kind", MATRIX.replace("coordinate", "array")],
  ["complex numbers", MATRIX.replace("integer", "complex")],
  ["a symmetry", MATRIX.replace("general", "hermitian")],
  ["no matrix", MATRIX.replace("matrix", "vector")],
  ["sizes below zero", entries("1 1 1\n", "-3 -4 1")],
  ["sizes that are no numbers", entries("1 1 1\n", "three four one")],
  ["two sizes", entries("1 1 1\n", "3 4")],
  ["four sizes", entries("1 1 1\n", "3 4 1 1")],
  ["halves of sizes", entries("1 1 1\n", "3.5 4.5 1")],
  ["2^53 cells", entries("1 1 1\n", "3 9007199254740992 1")],
  ["2^31 cells", entries("1 1 1\n", "3 2147483648 1")],
  ["2^53 genes", entries("1 1 1\n", "9007199254740992 4 1")],
  ["2^53 entries", entries("1 1 1\n", "3 4 9007199254740992")],
  ["a billion entries", entries("1 1 1\n", "3 4 1000000000")],
  ["1e300 entries", entries("1 1 1\n", "3 4 1e300")],
  ["less than no entries", entries("1 1 1\n", "3 4 -1")],
  ["more cells than are named", entries("1 1 1\n", "3 5 1")],
  ["fewer cells than are named", entries("1 1 1\n", "3 3 1")],
  ["more genes than are named", entries("1 1 1\n", "4 4 1")],
  ["fewer entries than it says", entries("1 1 1\n", "3 4 2")],
  ["more entries than it says", entries("1 1 1\n2 2 2\n", "3 4 1")],
  ["gene 0", entries("0 1 1\n")],
  ["gene -1", entries("-1 1 1\n")],
  ["gene 4 of 3", entries("4 1 1\n")],
  ["gene 2^53", entries("9007199254740993 1 1\n")],
  ["gene 1.5", entries("1.5 1 1\n")],
  ["gene NaN", entries("NaN 1 1\n")],
  ["cell 0", entries("1 0 1\n")],
  ["cell 5 of 4", entries("1 5 1\n")],
  ["cell -2^63", entries("1 -9223372036854775808 1\n")],
  ["a value of text", entries("1 1 many\n")],
  ["a value of NaN", entries("1 1 nan\n")],
  ["a value of infinity", entries("1 1 inf\n")],
  ["a value beyond all bounds", entries("1 1 1e999\n")],
  ["a value in hexadecimal", entries("1 1 0x10\n")],
  ["a value of a million digits", entries(`1 1 ${"9".repeat(1_000_000)}\n`)],
  ["a value of 300 digits behind the point", entries(`1 1 0.${"3".repeat(300)}\n`), [...ANY, "opens"]],
  ["no value", entries("1 1\n")],
  ["two values", entries("1 1 1 1\n")],
  ["one number", entries("1\n")],
  ["NUL", entries("1 1 \0\n")],
  ["bytes that are not UTF-8", raw(HEADER, "3 4 1\n1 1 \xff\n")],
  ["UTF-16", new Uint8Array(Buffer.from(MATRIX, "utf16le"))],
  ["a pickle", raw("\x80\x04\x8c\x02os\x8c\x06system\x93.")],
  ["a line of fifty megabytes", raw(HEADER, "3 4 1\n", new Uint8Array(50_000_000).fill(49))],
  [
    "a comment of fifty megabytes",
    raw(HEADER, "%", new Uint8Array(50_000_000).fill(65), "\n3 4 1\n1 1 1\n"),
    [...ANY, "opens"],
  ],
  ["a million comments", `${HEADER}${"%\n".repeat(1_000_000)}3 4 1\n1 1 1\n`, [...ANY, "opens"]],
  ["a million empty lines", `${HEADER}${"\n".repeat(1_000_000)}3 4 1\n1 1 1\n`, [...ANY, "opens"]],
  ["the same entry a million times", entries("1 1 1\n".repeat(1_000_000), "3 4 1000000"), [...ANY, "opens"]],
];

const NAMES: readonly Case[] = [
  ["nothing", ""],
  ["one name", "x\n"],
  ["a name too many", `${"x\n".repeat(5)}`],
  ["a million names", "x\n".repeat(1_000_000)],
  ["empty lines", "\n\n\n\n"],
  ["a name of fifty megabytes", new Uint8Array(50_000_000).fill(65)],
  ["bytes that are not UTF-8", raw("\xff\n".repeat(4)), [...ANY, "opens"]],
  ["UTF-16", new Uint8Array(Buffer.from(CELLS, "utf16le")), [...ANY, "opens"]],
  ["names like an object's own", "__proto__\nconstructor\ntoString\n__proto__\n", [...ANY, "opens"]],
  ["tabs alone", "\t\t\t\n".repeat(4), [...ANY, "opens"]],
];

const TABLES: readonly Case[] = [
  ["nothing", ""],
  ["a header alone", "cell,A,B\n", [...ANY, "opens"]],
  ["one word", "hello"],
  ["a cell with two values too many", "cell,A,B\nc1,1,2,3,4\n"],
  ["a cell with a value too few", "cell,A,B\nc1,1\n"],
  ["empty values", "cell,A,B\nc1,,\n"],
  ["text for values", "cell,A,B\nc1,x,y\n"],
  ["NaN", "cell,A,B\nc1,NaN,1\n"],
  ["infinity", "cell,A,B\nc1,inf,-inf\n"],
  ["a value beyond all bounds", "cell,A,B\nc1,1e999,1\n"],
  ["a value beyond float32", "cell,A,B\nc1,1e300,1\n"],
  ["hexadecimal", "cell,A,B\nc1,0x1,1\n"],
  ["a value of a million digits", `cell,A,B\nc1,${"9".repeat(1_000_000)},1\n`],
  ["a quote that never ends", `cell,A,B\n"c1,1,2\n${"c2,1,2\n".repeat(100_000)}`],
  ["a quote within a name", 'cell,A,B\nc"1,1,2\n', [...ANY, "opens"]],
  ["names like an object's own", "cell,__proto__,constructor\n__proto__,1,2\n", [...ANY, "opens"]],
  ["names twice", "cell,A,A\nc1,1,2\nc1,1,2\n", [...ANY, "opens"]],
  ["no names", ",,\n,1,2\n", [...ANY, "opens"]],
  ["formulas", "cell,=A1,@B\n=cmd|'/c calc'!A1,1,2\n", [...ANY, "opens"]],
  ["NUL", "cell,A,B\nc1,1,\0\n"],
  ["UTF-16", new Uint8Array(Buffer.from("\ufeffcell,A\nc1,1\n", "utf16le"))],
  ["bytes that are not UTF-8", raw("cell,A\nc1,\xff\n")],
  ["a pickle", raw("\x80\x04\x8c\x02os\x8c\x06system\x93.")],
  ["a line of fifty megabytes", new Uint8Array(50_000_000).fill(65)],
  ["a million genes", `cell${",G".repeat(1_000_000)}\n`, [...ANY, "opens"]],
  ["fifty million separators", new Uint8Array(50_000_000).fill(44)],
  ["a million empty lines", `cell,A\n${"\n".repeat(1_000_000)}c1,1\n`, [...ANY, "opens"]],
  ["carriage returns alone", "cell,A\rc1,1\r", [...ANY, "opens"]],
];

/** Parts of a good 10x file, by their path below the group. */
type Parts = Record<string, readonly string[] | Int32Array | BigInt64Array | Float32Array | null>;

const GOOD: Parts = {
  barcodes: CELLS.trim().split("\n"),
  data: Int32Array.of(2, 1, 7, 1, 9),
  indices: BigInt64Array.of(0n, 2n, 1n, 0n, 2n),
  indptr: BigInt64Array.of(0n, 2n, 3n, 3n, 5n),
  shape: Int32Array.of(N_GENES, N_CELLS),
  "features/id": ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003"],
  "features/name": ["A", "B", "C"],
  "features/feature_type": ["Gene Expression", "Gene Expression", "Gene Expression"],
};

const TENX: readonly (readonly [what: string, changes: Parts, codes?: Codes])[] = [
  ["nothing wrong", {}, ["opens"]],
  ["a shape of one number", { shape: Int32Array.of(3) }],
  ["a shape of three numbers", { shape: Int32Array.of(3, 4, 1) }],
  ["a shape below zero", { shape: Int32Array.of(-3, -4) }],
  ["a shape of 2^62", { shape: BigInt64Array.of(2n ** 62n, 2n ** 62n) }],
  ["a shape of NaN", { shape: Float32Array.of(Number.NaN, 4) }],
  ["a shape that is turned", { shape: Int32Array.of(4, 3) }],
  ["a shape of text", { shape: ["3", "4"] }],
  ["no shape", { shape: null }],
  ["no barcodes", { barcodes: null }],
  ["too few barcodes", { barcodes: ["x"] }],
  ["barcodes that are numbers", { barcodes: Int32Array.of(1, 2, 3, 4) }],
  ["no row starts", { indptr: new BigInt64Array(0) }],
  ["too few row starts", { indptr: BigInt64Array.of(0n, 5n) }],
  ["row starts that fall", { indptr: BigInt64Array.of(0n, 5n, 3n, 3n, 5n) }],
  ["row starts of 2^62", { indptr: BigInt64Array.of(0n, 2n ** 62n, 2n ** 62n, 2n ** 62n, 2n ** 62n) }],
  ["row starts below zero", { indptr: BigInt64Array.of(-5n, 0n, 0n, 0n, 5n) }],
  ["row starts that begin late", { indptr: BigInt64Array.of(1n, 2n, 3n, 3n, 5n) }],
  ["row starts of text", { indptr: ["0", "2", "3", "3", "5"] }],
  ["genes below zero", { indices: BigInt64Array.of(-1n, 2n, 1n, 0n, 2n) }],
  ["genes beyond the last", { indices: BigInt64Array.of(3n, 2n, 1n, 0n, 2n) }],
  ["genes of 2^62", { indices: BigInt64Array.of(2n ** 62n, 2n, 1n, 0n, 2n) }],
  ["fewer genes than values", { indices: BigInt64Array.of(0n, 2n) }],
  ["values that are no numbers", { data: ["2", "1", "7", "1", "9"] }],
  ["values of NaN", { data: Float32Array.of(Number.NaN, 1, 1, 1, 1) }],
  ["values of infinity", { data: Float32Array.of(Number.POSITIVE_INFINITY, 1, 1, 1, 1) }],
  ["no values", { data: null }],
  ["too few ids", { "features/id": ["x"] }],
  ["too few names", { "features/name": ["A"] }],
  ["too few kinds", { "features/feature_type": ["Gene Expression"] }],
  ["kinds that are numbers", { "features/feature_type": Int32Array.of(1, 2, 3) }],
  ["no kinds", { "features/feature_type": null }],
  ["no gene among its features", { "features/feature_type": ["Peaks", "Peaks", "Peaks"] }],
  ["names like an object's own", { "features/name": ["__proto__", "constructor", "toString"] }, ["opens"]],
];

async function tenxBytes(changes: Parts): Promise<Uint8Array> {
  await ready;
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-hostile-"));
  try {
    const path = join(folder, "data.h5");
    const file = new File(path, "w");
    file.create_group("matrix").create_group("features");
    for (const [name, data] of Object.entries({ ...GOOD, ...changes })) {
      if (data === null) continue;
      if (Array.isArray(data)) file.create_dataset({ name: `matrix/${name}`, data: [...data], dtype: "S" });
      else file.create_dataset({ name: `matrix/${name}`, data: data as Int32Array, shape: [data.length] });
    }
    file.close();
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A folder of Cell Ranger with one file replaced. */
function market(what: string, name: string, content: string | Uint8Array, codes: Codes): HostileFile {
  const good = { "matrix.mtx": MATRIX, "barcodes.tsv": CELLS, "features.tsv": GENES };
  return {
    name: `mtx: ${name} with ${what}`,
    door: "dataset",
    codes,
    async make(folder) {
      const root = join(folder, "mtx");
      await mkdir(root);
      for (const [each, text] of Object.entries(good))
        if (each !== name.replace(/\.gz$/, "")) await writeFile(join(root, each), text);
      await writeFile(join(root, name), bytesOf(content));
      return root;
    },
  };
}

function table(what: string, name: string, content: string | Uint8Array, codes: Codes): HostileFile {
  return {
    name: `table: ${name} with ${what}`,
    door: "dataset",
    codes,
    async make(folder) {
      await writeFile(join(folder, name), bytesOf(content));
      return join(folder, name);
    },
  };
}

export async function tableFiles(): Promise<HostileFile[]> {
  const found: HostileFile[] = [
    market("nothing wrong", "matrix.mtx", MATRIX, ["opens"]),
    table("nothing wrong", "data.csv", "cell,A,B\nc1,1,2\n", ["opens"]),
  ];
  for (const [what, content, codes = ANY] of MATRICES) found.push(market(what, "matrix.mtx", content, codes));
  for (const name of ["barcodes.tsv", "features.tsv"])
    for (const [what, content, codes = ANY] of NAMES) found.push(market(what, name, content, codes));
  const packed = gzipSync(MATRIX);
  for (const at of [0, 5, 18, packed.length >> 1, packed.length - 4])
    found.push(market(`its end at byte ${at}`, "matrix.mtx.gz", packed.subarray(0, at), ANY));
  found.push(
    market("no gzip", "matrix.mtx.gz", MATRIX, [...ANY, "opens"]),
    market("other bytes after its end", "matrix.mtx.gz", raw(packed, "hello"), [...ANY, "opens"]),
    market("a line of 300 MB, packed", "matrix.mtx.gz", bomb(`${HEADER}3 4 1\n`, "1"), ANY),
    market("300 MB of empty lines, packed", "matrix.mtx.gz", bomb(`${HEADER}3 4 1\n`, "\n"), ANY),
    market("300 MB of comments, packed", "matrix.mtx.gz", bomb(HEADER, "%"), ANY),
    market("a name of 300 MB, packed", "barcodes.tsv.gz", bomb("", "A"), ANY),
    market("300 MB of names, packed", "features.tsv.gz", bomb("", "\n"), ANY),
    table("a line of 300 MB, packed", "data.csv.gz", bomb("cell,A\nc1,", "1"), ANY),
    table("300 MB of separators, packed", "data.csv.gz", bomb("cell", ","), ANY),
    table("300 MB of empty lines, packed", "data.tsv.gz", bomb("cell\tA\nc1\t1\n", "\n"), [...ANY, "opens"]),
  );
  for (const [what, content, codes = ANY] of TABLES) found.push(table(what, "data.csv", content, codes));
  for (const [name, door] of [
    ["data.csv", table],
    ["matrix.mtx", market],
  ] as const) {
    const sparse = door("a terabyte of nothing", name, "", ANY);
    found.push({
      ...sparse,
      async make(folder) {
        const path = await sparse.make(folder);
        await truncate(path.endsWith(name) ? path : join(path, name), 2 ** 40);
        return path;
      },
    });
  }
  for (const [what, changes, codes = ANY] of TENX) {
    const bytes = await tenxBytes(changes);
    found.push(table(what, "tenx.h5", bytes, codes));
  }
  return found;
}
