// Runs the commands of the pages that show what they print, and writes that below them.
// Run it after `npm run build`: node scripts/run-pages.mjs [--check] [PAGE.md …]. With --check it writes nothing and fails where
// a page shows something else; times and memory may differ. Pages about real cells need ../shared/data (DATA names another folder), and
// Python blocks a python3 with anndata (PYTHON names another).
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const program = join(root, JSON.parse(readFileSync(join(root, "package.json"), "utf8")).bin.atlasmtl);
const data = process.env.DATA ?? resolve(root, "../shared/data");
const python = process.env.PYTHON ?? "python3";

/** In each, every block of commands and of Python is run, one after another, in a folder of the page. */
const PAGES = [
  "docs/start.md",
  "docs/from-azimuth.md",
  ...pagesIn("docs/tutorials"),
  ...pagesIn("docs/how-to"),
];
/** A block, and the block of text after it, which is what it prints; some pages keep a part of it. */
const BLOCK = /```(sh|python)\n([\s\S]*?)```(\n\n```text\n[\s\S]*?```)?/g;
/** What a slow machine prints beside. */
const PROGRESS = /^[a-z ]+ [\d.,]+\/[\d.,]+\n/gm;
/** What another machine prints otherwise. */
const MACHINE = /\d[\d.,]* (?:ms|s|min|h)\b(?: \d+ s\b)?|\d[\d.,]* [kMG]B of memory|\b[0-9a-f]{12,64}\b/g;

const words = process.argv.slice(2);
const check = words.includes("--check");
const chosen = words.filter((word) => word !== "--check").map((page) => resolve(page));
/** The folder that `atlasmtl demo` writes, which the tutorials start from; DEMO names one that is there. */
let demo = process.env.DEMO;
const stale = [];
for (const page of chosen.length > 0 ? chosen : PAGES.map((name) => join(root, name))) {
  const name = relative(root, page);
  const old = readFileSync(page, "utf8");
  if (old.includes(" data/") && !existsSync(data)) {
    console.log(`skipped without the cells of ../shared/data: ${name}`);
    continue;
  }
  const started = performance.now();
  const text = inFolder((folder) => {
    symlinkSync(data, join(folder, "data"));
    if (old.includes("atlasmtl-demo/") && !/^atlasmtl demo/m.test(old))
      cpSync(demoFolder(), join(folder, "atlasmtl-demo"), { recursive: true });
    return old.replace(BLOCK, (all, kind, code, shown) => {
      const printed = (kind === "sh" ? shell(code, folder) : pythonBlock(code, folder))
        .replace(PROGRESS, "")
        .trimEnd();
      const now = `\n\n\`\`\`text\n${printed}\n\`\`\``;
      if (shown === undefined || masked(now) === masked(shown)) return all;
      if (check) console.error(`${name} shows${shown}\nand is printed${now}`);
      return `\`\`\`${kind}\n${code}\`\`\`${now}`;
    });
  });
  if (text !== old && check) stale.push(name);
  else if (text !== old) writeFileSync(page, text);
  console.log(
    `${name}: ${text === old ? "as it was" : "changed"}, ${Math.round((performance.now() - started) / 1000)} s`,
  );
}
if (demo !== undefined && demo !== process.env.DEMO) rmSync(demo, { recursive: true });
if (stale.length > 0) {
  console.error(
    `${stale.join(", ")} show what is not printed: run "node scripts/run-pages.mjs" on them, and look at the difference`,
  );
  process.exitCode = 1;
}

function pagesIn(folder) {
  const names = readdirSync(join(root, folder)).filter(
    (name) => name.endsWith(".md") && name !== "README.md",
  );
  return names.sort().map((name) => `${folder}/${name}`);
}

function masked(text) {
  return text.replace(/ +$/gm, "").replace(MACHINE, "…");
}

/** Calls `use` with an empty folder that has the program. */
function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-page-"));
  try {
    const bin = join(folder, "atlasmtl");
    writeFileSync(bin, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(bin, 0o755);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function demoFolder() {
  if (demo === undefined) {
    demo = mkdtempSync(join(tmpdir(), "atlasmtl-page-demo-"));
    execFileSync(process.execPath, [program, "demo", demo], { stdio: ["ignore", "ignore", "inherit"] });
  }
  return demo;
}

/** What commands print on both streams, in order. */
function shell(code, folder) {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, COLUMNS: "140" };
  const { status, stdout } = spawnSync("sh", ["-ec", `exec 2>&1\n${code}`], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the commands end with ${status}:\n${code}\n${stdout}`);
  return stdout;
}

function pythonBlock(code, folder) {
  return execFileSync(python, ["-W", "ignore", "-c", code], { cwd: folder, encoding: "utf8" });
}
