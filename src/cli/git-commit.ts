/** The git commit that the package runs from. @module */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * The commit checked out in `root`, or null when `root` itself is no git checkout (an installed package must
 * not name the commit of the project it is installed in) or its state cannot be told from its files.
 */
export async function gitCommit(root: string): Promise<string | null> {
  try {
    const folder = await gitFolder(join(root, ".git"));
    const head = (await readFile(join(folder, "HEAD"), "utf8")).trim();
    const ref = /^ref: (refs\/[^\0]+)$/.exec(head)?.[1];
    return ref === undefined ? asCommit(head) : await resolveRef(folder, ref);
  } catch {
    return null;
  }
}

/** `.git` is a folder, or in worktrees a file that names one. */
async function gitFolder(path: string): Promise<string> {
  if ((await stat(path)).isDirectory()) return path;
  const target = /^gitdir: (.+)$/m.exec(await readFile(path, "utf8"))?.[1] ?? "";
  return resolve(path, "..", target);
}

async function resolveRef(folder: string, ref: string): Promise<string | null> {
  // The refs of a worktree lie in the repository it belongs to.
  const common = await readFile(join(folder, "commondir"), "utf8").catch(() => ".");
  const root = resolve(folder, common.trim());
  const loose = await readFile(join(root, ref), "utf8").catch(() => null);
  if (loose !== null) return asCommit(loose.trim());
  const packed = await readFile(join(root, "packed-refs"), "utf8");
  const line = packed.split("\n").find((each) => each.endsWith(` ${ref}`));
  return asCommit(line?.split(" ")[0] ?? "");
}

function asCommit(text: string): string | null {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text : null;
}
