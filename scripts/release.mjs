// Makes what a release publishes, and publishes nothing: npm run release [-- --tests] [-- --state].
//
// Holds the state of the repository (a clean tree, one version everywhere, the changelog), builds, runs `npm run check` (messages, layers,
// notices, pages of the command line, content, size, types and manifest of the package), packs twice and compares the bytes, compares the
// bill of materials, and writes release/NAME.tgz with its provenance beside it. `--tests` runs every test first; `--state` ends after the first
// step. `--root` names another repository.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { statementOn } from "./release/provenance.mjs";
import { manifestOf, stateFindings, TESTS } from "./release/state.mjs";

const { values } = parseArgs({
  options: {
    tests: { type: "boolean", default: false },
    state: { type: "boolean", default: false },
    root: { type: "string", default: resolve(import.meta.dirname, "..") },
  },
});
const { root } = values;
const startedOn = new Date().toISOString();
/** The documentation of the library is in the package, and not yet there when `npm run check` holds its size. */
const MAX_BYTES = 6_000_000;
/** What every release holds besides its code. */
const EXPECTED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "THIRD_PARTY_NOTICES.md",
  "dist/bin/main.js",
  "sbom.cdx.json",
];

const findings = stateFindings(root);
for (const finding of findings) console.error(finding);
console.log(`state: ${findings.length} findings`);
if (findings.length > 0) process.exit(1);
if (values.state) process.exit(0);

run("build");
run("check");
const tests = values.tests ? TESTS : [];
for (const test of tests) run(test);

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-release-"));
try {
  const [first, second] = ["first", "second"].map((name) => pack(join(folder, name), name === "first"));
  const missing = EXPECTED.filter((path) => !first.files.some((file) => file.path === path));
  if (first.size > MAX_BYTES) fail(`the package has ${first.size} bytes, at most ${MAX_BYTES} are to be`);
  if (missing.length > 0) fail(`the package lacks ${missing.join(", ")}`);
  if (sha256(first.path) !== sha256(second.path)) fail("packing twice gave other bytes");
  const again = join(folder, "sbom.cdx.json");
  execFileSync(process.execPath, [join(root, "scripts/sbom.mjs"), again]);
  if (sha256(again) !== sha256(join(root, "sbom.cdx.json"))) fail("sbom.cdx.json is not of this lock file");
  if (stateFindings(root).length > 0) fail("building changed the tree");

  const release = join(root, "release");
  mkdirSync(release, { recursive: true });
  const tarball = join(release, first.filename);
  writeFileSync(tarball, readFileSync(first.path));
  const npm = execFileSync("npm", ["--version"], { encoding: "utf8" }).trim();
  const statement = statementOn(tarball, root, {
    tests,
    npm,
    startedOn,
    finishedOn: new Date().toISOString(),
  });
  writeFileSync(`${tarball}.part`, `${JSON.stringify(statement, null, 2)}\n`);
  renameSync(`${tarball}.part`, `${tarball}.intoto.json`);
  const { version } = manifestOf(root);
  console.log(`${tarball}: ${first.size} bytes, ${first.files.length} files, sha256 ${sha256(tarball)}
provenance: ${tarball}.intoto.json
tests: ${tests.length === 0 ? `not run here; run npm run release -- --tests, or ${TESTS.join(", ")}` : tests.join(", ")}
Nothing is published. What is left: git tag v${version}, the sha256 above in recipe/meta.yaml, npm publish of the tarball.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(script) {
  console.log(`npm run ${script}`);
  const { status } = spawnSync("npm", ["run", "--silent", script], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail(`npm run ${script} ended with ${status}`);
}

/** Packs into a folder; `fresh` builds what only the package has. */
function pack(into, fresh) {
  mkdirSync(into);
  const words = [
    "pack",
    "--json",
    "--silent",
    "--pack-destination",
    into,
    ...(fresh ? [] : ["--ignore-scripts"]),
  ];
  const printed = execFileSync("npm", words, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [packed] = JSON.parse(printed.slice(printed.indexOf("[\n")));
  return { ...packed, path: join(into, packed.filename) };
}

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
