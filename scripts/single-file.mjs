// Makes build/atlasmtl.mjs: the program, all that it needs and the licences of it in one file, for Node. `npm run single-file` builds first.
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { rolldown } from "rolldown";
import { resolution } from "./carried-code.mjs";

const root = resolve(import.meta.dirname, "..");
const build = join(root, "build");
const target = join(build, "atlasmtl.mjs");

/** The best is 1 % smaller and takes ten times as long. */
const QUALITY = { [constants.BROTLI_PARAM_QUALITY]: 9 };

/** Modules that find files of the package, and what takes their place where there are none. */
const REPLACED = {
  [join(build, "cli/own-files.js")]: join(root, "scripts/single-file/own-files.mjs"),
  [join(build, "node/filter-folder.js")]: join(root, "scripts/single-file/filter-folder.mjs"),
};

/** The filters of HDF5 as a module: name → the compiled filter, compressed by Brotli, in base64. */
function filterModule() {
  const folder = join(root, "dist/hdf5-filters");
  const texts = readdirSync(folder).map((name) => [
    name,
    brotliCompressSync(readFileSync(join(folder, name)), { params: QUALITY }).toString("base64"),
  ]);
  return `export const FILTERS = ${JSON.stringify(Object.fromEntries(texts))};`;
}

const replaced = new Set();
const singleFile = {
  name: "single-file",
  resolveId: (id) => (id === "hdf5-filters" ? "\0hdf5-filters" : null),
  load(id) {
    if (id === "\0hdf5-filters") return filterModule();
    const other = REPLACED[id];
    if (other === undefined) return null;
    replaced.add(id);
    return readFileSync(other, "utf8");
  },
};

const bundle = await rolldown({
  input: join(build, "cli/main.js"),
  platform: "node",
  external: (id) => id.startsWith("node:"),
  resolve: {
    ...resolution,
    alias: {
      ...resolution.alias,
      "#platform": join(build, "node/platform.js"),
      "#h5wasm": join(root, "dist/node/h5wasm/hdf5_hl.js"),
    },
  },
  plugins: [singleFile],
});
const { output } = await bundle.generate({ format: "es", codeSplitting: false });
await bundle.close();
if (output.length !== 1) throw new Error(`${output.length} files were made, expected one`);
if (replaced.size !== Object.keys(REPLACED).length)
  throw new Error(
    "a module that finds files of the package has moved; mend REPLACED in scripts/single-file.mjs",
  );
const code = output[0].code.replace(/^(#!.*\n)?/, "#!/usr/bin/env node\n");
writeFileSync(target, `${code}\n${licences()}`);
chmodSync(target, 0o755);
console.log(`${target}: ${readFileSync(target).length} bytes`);

/** The licence of atlasmtl, the notices, and the text of every licence that they name, as comments. */
function licences() {
  const folder = join(root, "licences");
  const paths = readdirSync(folder, { recursive: true })
    .map((name) => `licences/${String(name).replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".txt"))
    .sort();
  return ["LICENSE", "THIRD_PARTY_NOTICES.md", ...paths]
    .flatMap((path) => [`==== ${path}`, ...readFileSync(join(root, path), "utf8").trim().split("\n")])
    .map((line) => `// ${line}`.trimEnd())
    .concat("")
    .join("\n");
}
