// Bundles the built library (`dist`) as a web page would and holds what its pages rely on: no `node:` module is
// needed, HDF5 and Parquet load on first use, and what loads at once stays small. Prints the sizes.
//
//   node scripts/check-browser-bundle.mjs [folder of the package]
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** What a page loads before it can do anything, gzipped. */
const MAX_FIRST_LOAD_BYTES = 180_000;
/** Packages that must not be part of it. */
const LAZY_PACKAGES = ["h5wasm", "hyparquet-writer"];

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const entry = join(root, "dist/api/index.js");
if (!existsSync(entry)) {
  console.error(`${entry} is missing: run "npm run build" first`);
  process.exit(2);
}

const [{ output }] = await build({
  configFile: false,
  root,
  logLevel: "error",
  build: { write: false, target: "es2022", minify: true, lib: { entry, formats: ["es"] } },
});
const chunks = output.filter(({ type }) => type === "chunk");
const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));

const findings = [];
for (const { fileName, code, modules, imports, dynamicImports } of chunks) {
  const outside = [...imports, ...dynamicImports].filter((name) => !byName.has(name));
  if (outside.length > 0) findings.push(`${fileName} imports ${outside.join(", ")}, which no browser has`);
  for (const id of Object.keys(modules))
    if (id.includes("__vite-browser-external") || id.includes("/dist/node/") || id.includes("/dist/bin/"))
      findings.push(`${fileName} holds ${id}, which is for Node only`);
  for (const [found] of code.matchAll(/["'`]node:[a-z_/]+["'`]/g))
    findings.push(`${fileName} names ${found}`);
}

/** The entry and all that it imports at once. */
const first = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
for (const name of first) for (const other of byName.get(name)?.imports ?? []) first.add(other);
const firstModules = [...first].flatMap((name) => Object.keys(byName.get(name)?.modules ?? {}));
/** What a module of `dist` carries of a package stands under its name, in a comment; the HDF5 library has a folder. */
const holds = (id, name) =>
  id.includes(`/node_modules/${name}/`) ||
  id.includes(`/dist/browser/${name}/`) ||
  (existsSync(id) && readFileSync(id, "utf8").includes(`\n// node_modules/${name}/`));
for (const name of LAZY_PACKAGES)
  if (firstModules.some((id) => holds(id, name)))
    findings.push(`${name} loads at once; it is to load on first use`);

const total = { raw: 0, gzip: 0 };
for (const { fileName, code } of chunks.toSorted((a, b) => first.has(b.fileName) - first.has(a.fileName))) {
  const [raw, gzip] = [Buffer.byteLength(code), gzipSync(code, { level: 9 }).length];
  if (first.has(fileName)) {
    total.raw += raw;
    total.gzip += gzip;
  }
  const when = first.has(fileName) ? "at once" : "on first use";
  console.log(`${fileName}: ${raw} bytes, ${gzip} gzipped, ${when}`);
}
if (total.gzip > MAX_FIRST_LOAD_BYTES)
  findings.push(`${total.gzip} bytes (gzipped) load at once; at most ${MAX_FIRST_LOAD_BYTES} are to`);

for (const finding of findings) console.error(finding);
console.log(
  `${chunks.length} chunks; ${total.raw} bytes load at once, ${total.gzip} gzipped; ${findings.length} findings`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
