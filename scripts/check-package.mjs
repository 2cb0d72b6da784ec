// Packs what `npm run build` made and holds what its users rely on: few files, no map without its source, no link out of it, types and
// entries that resolve, nothing for npm to fetch, every package carried once, few bytes.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, resolve } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { runtimePackages } from "./runtime-packages.mjs";

const MAX_FILES = 600;
const MAX_BYTES = 6_000_000;
/** How the package may be resolved: it is one of ES modules, which `require` and TypeScript's "node10" do not find. */
const RESOLUTIONS = ["node16-esm", "bundler"];

const root = resolve(import.meta.dirname, "..");
if (!existsSync(join(root, "dist/bin/main.js"))) {
  console.error('dist is missing: run "npm run build" first');
  process.exit(2);
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-pack-"));
const words = ["pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", folder];
const [packed] = JSON.parse(execFileSync("npm", words, { cwd: root, encoding: "utf8" }));
const tarball = readFileSync(join(folder, packed.filename));
rmSync(folder, { recursive: true });

const paths = packed.files.map(({ path }) => path);
const findings = [
  ...fileFindings(),
  ...linkFindings(),
  ...dependencyFindings(),
  ...(await typeFindings()),
  ...(await manifestFindings()),
];
for (const finding of findings) console.error(finding);
console.log(
  `${paths.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked; ${findings.length} findings`,
);
process.exitCode = findings.length === 0 ? 0 : 1;

function* fileFindings() {
  if (paths.length > MAX_FILES) yield `${paths.length} files; at most ${MAX_FILES} are to be shipped`;
  if (packed.size > MAX_BYTES) yield `${packed.size} bytes packed; at most ${MAX_BYTES} are to be`;
  for (const path of paths)
    if (path.endsWith(".map")) yield `${path}: its sources are not shipped; run "npm run build"`;
    else if (
      /\.[jt]s$/.test(path) &&
      readFileSync(join(root, path), "utf8").includes("\n//# sourceMappingURL=")
    )
      yield `${path} names a map, which is not shipped; run "npm run build"`;
}

/** What `scripts/check-citations.mjs` finds in the repository is also in the package. */
function* linkFindings() {
  for (const page of paths.filter((path) => path.endsWith(".md"))) {
    const text = readFileSync(join(root, page), "utf8").replace(/^( *)```[\s\S]*?^ *```/gm, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      const path = posix.join(posix.dirname(page), target);
      if (/^[a-z]+:/.test(target) || paths.some((name) => name === path || name.startsWith(`${path}/`)))
        continue;
      yield `${page}: ${target} is not in the package`;
    }
  }
}

/** Two versions of a package in one process are two states; two of the HDF5 library lose each other's files. */
function* dependencyFindings() {
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"])
    if (manifest[kind] !== undefined)
      yield `package.json has ${kind}, which an installation without a registry lacks; scripts/bundle.mjs carries packages`;
  const seen = new Set();
  for (const { name } of runtimePackages())
    if (seen.has(name)) yield `${name} is carried more than once`;
    else seen.add(name);
}

async function typeFindings() {
  const { problems } = await checkPackage(createPackageFromTarballData(tarball));
  return problems
    .filter(({ resolutionKind }) => resolutionKind === undefined || RESOLUTIONS.includes(resolutionKind))
    .map(({ kind, ...where }) => `types: ${kind} ${JSON.stringify(where)}`);
}

async function manifestFindings() {
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: new Uint8Array(tarball).buffer },
  });
  return messages.map((message) => `package.json: ${formatMessage(message, pkg, { color: false })}`);
}
