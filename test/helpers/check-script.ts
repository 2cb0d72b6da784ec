/** Runs a check of `scripts/` on a folder of small files. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Checked {
  /** The lines on stderr. */
  readonly findings: string[];
  readonly ok: boolean;
}

/** What `scripts/NAME.mjs` says of `files`, given by their paths, in a folder that also has the empty `folders`. */
export function runCheck(
  name: string,
  files: Readonly<Record<string, string>>,
  folders: readonly string[] = [],
): Checked {
  const script = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url));
  const root = mkdtempSync(join(tmpdir(), `atlasmtl-${name}-`));
  try {
    for (const folder of folders) mkdirSync(join(root, folder));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
    return { findings: stderr.split("\n").filter((line) => line !== ""), ok: status === 0 };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
