// Counts the lines of `src` that the tests run, in their own process and in the packed program that they start, and
// prints them by folder; coverage/index.html shows each line.
//
//   npm run coverage [-- words for vitest, such as test/e2e]
//
// It reports after failed tests too, and then ends with the exit code of vitest.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { mergeProcessCovs } from "@bcoe/v8-coverage";
import { convert } from "ast-v8-to-istanbul";
import libCoverage from "istanbul-lib-coverage";
import libReport from "istanbul-lib-report";
import reports from "istanbul-reports";
import { parseAst } from "rolldown/parseAst";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, "coverage");
const raw = join(folder, "raw");
const dist = pathToFileURL(join(root, "dist/")).href;

rmSync(folder, { recursive: true, force: true });
mkdirSync(raw, { recursive: true });
run("node", ["scripts/bundle.mjs", "--maps"]);
const coverageFlags = ["--coverage.enabled", "--coverage.reporter=json", "--coverage.reportOnFailure"];
const words = ["vitest", "run", ...coverageFlags, ...process.argv.slice(2)];
process.exitCode = spawn("npx", words, { ...process.env, PROGRAM_COVERAGE: raw }) ?? 1;
const measured = join(folder, "coverage-final.json");
if (existsSync(measured)) await report(JSON.parse(readFileSync(measured, "utf8")));
else console.error("no coverage was measured: vitest ended before its report");
// Without the maps that `npm run coverage` needs.
run("node", ["scripts/bundle.mjs"]);

/** Prints the lines by folder, those of the program included, and writes the reports of each line. */
async function report(measurements) {
  const map = libCoverage.createCoverageMap(measurements);
  addHits(map, await programHits());
  print(map);
  const context = libReport.createContext({ dir: folder, coverageMap: map });
  for (const kind of ["html", "lcovonly"]) reports.create(kind).execute(context);
}

function run(command, args) {
  if (spawn(command, args, process.env) !== 0) process.exit(1);
}

function spawn(command, args, env) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit", env }).status;
}

/** The lines of each source that a process with the packed program has run, by the file's path. */
async function programHits() {
  const processes = readdirSync(raw)
    .flatMap((name) => parsed(readFileSync(join(raw, name), "utf8")))
    .map(({ result }) => ({ result: result.filter(({ url }) => url.startsWith(dist)) }));
  const hits = new Map();
  for (const coverage of mergeProcessCovs(processes).result) {
    const file = fileURLToPath(coverage.url);
    // A chunk that only passes on another one has no map.
    if (!existsSync(`${file}.map`)) continue;
    const code = readFileSync(file, "utf8");
    const sourceMap = JSON.parse(readFileSync(`${file}.map`, "utf8"));
    const data = await convert({ ast: parseAst(code), code, coverage, sourceMap });
    for (const [path, { statementMap, s }] of Object.entries(data)) {
      const lines = hits.get(path) ?? new Set();
      hits.set(path, lines);
      for (const [id, count] of Object.entries(s)) if (count > 0) lines.add(statementMap[id].start.line);
    }
  }
  return hits;
}

/** What one process has noted; nothing of one that had no room on its disk. */
function parsed(text) {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** What counts as a line is what it is in the tests' own process; a line also counts as run if the program ran it. */
function addHits(map, hits) {
  for (const path of map.files()) {
    const lines = hits.get(path) ?? new Set();
    const { statementMap, fnMap, s, f } = map.fileCoverageFor(path).data;
    for (const [id, { start }] of Object.entries(statementMap))
      if (s[id] === 0 && lines.has(start.line)) s[id] = 1;
    for (const [id, { loc }] of Object.entries(fnMap))
      if (f[id] === 0 && lines.has(loc.start.line + 1)) f[id] = 1;
  }
}

function print(map) {
  const folders = new Map();
  for (const path of map.files()) {
    const name = relative(join(root, "src"), path).split("/").slice(0, -1).join("/") || ".";
    for (const key of [name.split("/")[0], "all"]) {
      const summary = folders.get(key) ?? libCoverage.createCoverageSummary();
      summary.merge(map.fileCoverageFor(path).toSummary());
      folders.set(key, summary);
    }
  }
  for (const [name, summary] of folders) {
    const { covered, total, pct } = summary.lines;
    console.log(
      `${name.padEnd(12)} ${String(pct).padStart(6)} % of ${total} lines, ${total - covered} not run`,
    );
  }
}
