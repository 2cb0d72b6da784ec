// Runs the commands of the pages in docs/how-to, and writes what they print below them.
// Run it after `npm run build`: node scripts/how-to.mjs [PAGE.md]. It needs the data of ../shared/data, and for Python blocks
// a python3 with anndata (PYTHON names another).
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const pages = join(root, "docs/how-to");
const program = join(root, JSON.parse(readFileSync(join(root, "package.json"), "utf8")).bin.atlasmtl);
const data = process.env.DATA ?? resolve(root, "../shared/data");
const python = process.env.PYTHON ?? "python3";

/** A block of commands and the block of text after it, which is what they print; some pages keep a part of it. */
const BLOCK = /```(sh|python)\n([\s\S]*?)```\n\n```text\n[\s\S]*?```/g;

const [chosen] = process.argv.slice(2);
for (const name of chosen === undefined ? readdirSync(pages) : [chosen]) {
  const page = join(pages, name);
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-how-to-"));
  try {
    symlinkSync(data, join(folder, "data"));
    writeFileSync(join(folder, "atlasmtl"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(join(folder, "atlasmtl"), 0o755);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, COLUMNS: "140" };
    const text = readFileSync(page, "utf8").replace(BLOCK, (_, kind, code) => {
      const printed =
        kind === "sh"
          ? shell(code, { cwd: folder, env })
          : execFileSync(python, ["-c", code], { cwd: folder, encoding: "utf8" });
      return `\`\`\`${kind}\n${code}\`\`\`\n\n\`\`\`text\n${printed.trimEnd()}\n\`\`\``;
    });
    writeFileSync(page, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What commands print on both streams, in order. */
function shell(code, options) {
  const { status, stdout } = spawnSync("sh", ["-ec", `exec 2>&1\n${code}`], { ...options, encoding: "utf8" });
  if (status !== 0) throw new Error(`the commands end with ${status}:\n${stdout}`);
  return stdout;
}
