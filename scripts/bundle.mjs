// Makes `dist`, what the package ships, of the modules that the compiler left in `build` and of the packages that they use:
// chunks that the library and the command line share, one file of types, the HDF5 library and its filters. A user's npm
// has nothing else to install.
//
//   node scripts/bundle.mjs [--maps]     with maps back to the sources, for `npm run coverage`
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { convertCommonJs, converted, resolution } from "./carried-code.mjs";
import { CARRIED, packageOf, runtimePackages } from "./runtime-packages.mjs";

const root = join(import.meta.dirname, "..");
const build = join(root, "build");
const dist = join(root, "dist");
const { imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What a chunk may name and not hold: Node's modules, the two hosts' doors. */
const isExternal = (id) => id.startsWith("node:") || id.startsWith("#");

/** What a caller, a shell and the `imports` map of package.json load; everything else is a chunk. */
const entries = ["api/index", "node/platform", "browser/platform"];
const program = "bin/main";

/** Follows the compiler's maps, so that those of the chunks lead to `src`. */
const sources = {
  name: "sources",
  load: (id) =>
    isExternal(id) || id.startsWith("\0") || !id.startsWith(build) || id.startsWith(converted)
      ? null
      : { code: readFileSync(id, "utf8"), map: JSON.parse(readFileSync(`${id}.map`, "utf8")) },
};

async function bundleCode(maps) {
  const input = Object.fromEntries(entries.map((name) => [name, join(build, `${name}.js`)]));
  input[program] = join(build, "cli/main.js");
  const plugins = maps ? [sources] : [];
  const ofCommonJs = await convertCommonJs();
  const bundle = await rolldown({
    input,
    platform: "neutral",
    external: isExternal,
    resolve: resolution,
    plugins,
  });
  // Every file lies two folders deep, as the sources of the hosts and the command line do: what they find from where
  // they lie, they find from `src`, `build` and `dist` alike.
  const isProgram = (id) => id?.startsWith(join(build, "cli/")) ?? false;
  const chunkFileNames = ({ facadeModuleId, moduleIds }) => {
    if ([facadeModuleId, ...moduleIds].some(isProgram)) return "bin/[name].js";
    const carried = packageOf(moduleIds.at(-1) ?? "");
    return carried === null ? "chunks/[name].js" : `chunks/${carried.replace(/^@(.*)\//, "$1-")}-[name].js`;
  };
  const sourcemap = maps ? "hidden" : false;
  const { output } = await bundle.generate({ entryFileNames: "[name].js", chunkFileNames, sourcemap });
  await bundle.close();
  const chunks = output.filter(({ type }) => type === "chunk");
  checkChunks(chunks);
  checkPackages([...ofCommonJs, ...chunks.flatMap(({ moduleIds }) => moduleIds)]);
  for (const { fileName, code, source } of output) write(fileName, code ?? source);
  return chunks;
}

/** The library holds no part of the command line, and no chunk waits for itself. */
function checkChunks(chunks) {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports]));
  for (const { fileName, imports: first, dynamicImports } of chunks)
    for (const name of [...first, ...dynamicImports])
      if (name.startsWith("bin/") && !fileName.startsWith("bin/"))
        throw new Error(`${fileName} imports ${name}, a part of the command line`);
  const done = new Set();
  const walk = (name, trail) => {
    if (trail.includes(name)) throw new Error(`a circle of chunks: ${[...trail, name].join(" → ")}`);
    if (done.has(name)) return;
    for (const next of name === "#platform"
      ? ["node/platform.js", "browser/platform.js"]
      : (imports.get(name) ?? []))
      walk(next, [...trail, name]);
    done.add(name);
  };
  for (const name of imports.keys()) walk(name, []);
}

/** The packages whose code is in the chunks are those that notices, licences and the bill of materials name. */
function checkPackages(modules) {
  const held = new Set([...modules.map(packageOf).filter((name) => name !== null), "h5wasm"]);
  const named = new Set(runtimePackages().map(({ name }) => name));
  const wrong = [...new Set([...held, ...named])].filter((name) => held.has(name) !== named.has(name));
  if (wrong.length > 0)
    throw new Error(
      `${wrong.join(", ")}: carried or named, not both; mend CARRIED and LEFT_OUT in scripts/runtime-packages.mjs`,
    );
}

/**
 * The types of the public functions in one file, without what is internal. `values` are the names that the code exports:
 * a class that is exported as a type only is one here, too.
 */
async function bundleTypes(values) {
  const bundle = await rollup({
    input: join(build, "api/index.d.ts"),
    plugins: [dts()],
    external: (id) => isExternal(id) || CARRIED.some((name) => id === name || id.startsWith(`${name}/`)),
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({ format: "es" });
  await bundle.close();
  if (output[0].imports.length > 0)
    throw new Error(`public types name ${output[0].imports.join(", ")}, which users have not installed`);
  const isValue = (name) => values.includes(name.replace(/^.* as /, ""));
  const code = output[0].code.replace(/^export \{ (.*) \};$/gm, (_, list) => {
    const names = list.split(", ");
    const types = names.filter((name) => !isValue(name));
    const ofTypes = types.length === 0 ? "" : `\nexport type { ${types.join(", ")} };`;
    return `export { ${names.filter(isValue).join(", ")} };${ofTypes}`;
  });
  write("api/index.d.ts", code);
}

/**
 * The filters that `src/formats/hdf5/filters.ts` uses, of a development dependency. As a dependency it would bring a
 * second HDF5 library: its optional peer range names an older one.
 */
const FILTERS = ["blosc", "blosc2", "bshuf", "bz2", "lz4", "lzf", "zfp", "zstd"];

function copyFilters() {
  const folder = join(root, "node_modules/h5wasm-plugins/plugins");
  mkdirSync(join(dist, "hdf5-filters"), { recursive: true });
  for (const name of FILTERS.map((filter) => `libH5Z${filter}.so`))
    copyFileSync(join(folder, name), join(dist, "hdf5-filters", name));
}

/**
 * The HDF5 library has a build for each host, which holds its WebAssembly as text of 4 MB. That of the browser is copied as it is.
 * In that of Node the WebAssembly is compressed, and starts in four fifths of the time.
 */
function copyHdf5() {
  for (const [host, name] of [
    ["node", "node"],
    ["browser", "esm"],
  ]) {
    const from = join(root, "node_modules/h5wasm/dist", name);
    cpSync(from, join(dist, host, "h5wasm"), { recursive: true });
  }
  const module = "node/h5wasm/hdf5_util.js";
  const code = readFileSync(join(dist, module), "utf8");
  const [call, literal] = code.match(/binaryDecode\(('(?:[^'\\]|\\[\s\S])*')\)/) ?? [];
  const text = literal === undefined ? "" : runInNewContext(literal);
  if (!text.startsWith("\0asm"))
    throw new Error(`${module} holds its WebAssembly in another way; mend copyHdf5`);
  // As `binaryDecode` does: the character 256 stands for 0.
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
  const packed = gzipSync(bytes, { level: 9 }).toString("base64");
  const unpack = `gunzipSync(Buffer.from("${packed}","base64"))`;
  write(module, `import { gunzipSync } from "node:zlib";\n${code.replace(call, () => unpack)}`);
}

function write(name, text) {
  const path = join(dist, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What runs the modules in `build` gets their own host: another copy's errors would be of another class. */
function writeBuildImports() {
  const own = { ...imports, "#h5wasm": { node: "h5wasm/node", default: "h5wasm" } };
  const text = JSON.stringify({ type: "module", imports: own }, null, 2).replaceAll("./dist/", "./");
  writeFileSync(join(build, "package.json"), text);
}

rmSync(dist, { recursive: true, force: true });
writeBuildImports();
const chunks = await bundleCode(process.argv.includes("--maps"));
await bundleTypes(chunks.find(({ fileName }) => fileName === "api/index.js").exports);
copyHdf5();
copyFilters();
console.log(`package: ${chunks.length} files of code, 1 of types, ${FILTERS.length} HDF5 filters`);
