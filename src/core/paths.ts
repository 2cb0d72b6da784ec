/**
 * File paths as plain text. Both separators are accepted, because a bundle written on Windows may be read
 * elsewhere, and the reverse.
 * @module
 */

/** True for `/x`, `C:\x`, `C:/x` and `\\server\x`. */
export function isAbsolutePath(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** What follows the last separator. */
export function baseName(path: string): string {
  return path.slice(lastSeparator(path) + 1);
}

/** What stands before the last separator: empty for a bare name, the root itself for a file in it. */
export function folderName(path: string): string {
  const at = lastSeparator(path);
  if (at < 0) return "";
  const isRoot = at === 0 || /^[A-Za-z]:$/.test(path.slice(0, at));
  return isRoot ? path.slice(0, at + 1) : path.slice(0, at);
}

/** `folder/path`, or `path` alone where it is absolute or the folder is empty. */
export function joinPath(folder: string, path: string): string {
  if (folder === "" || isAbsolutePath(path)) return path;
  return /[/\\]$/.test(folder) ? folder + path : `${folder}/${path}`;
}

/** Forward slashes, without `.`, empty parts and inner `..`. */
export function normalizePath(path: string): string {
  const slashed = path.replaceAll("\\", "/");
  const root = /^(?:[A-Za-z]:)?\/{0,2}/.exec(slashed)![0];
  const isAbsolute = root.endsWith("/");
  const parts: string[] = [];
  for (const part of slashed.slice(root.length).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !isAbsolute) parts.push(part);
  }
  return root + parts.join("/");
}

/**
 * `path` relative to `folder`, with forward slashes; null if the text alone does not tell (one is absolute
 * and the other is not, different drives, or a folder above the working folder).
 */
export function relativePath(folder: string, path: string): string | null {
  const [from, to] = [normalizePath(folder), normalizePath(path)];
  if (isAbsolutePath(from) !== isAbsolutePath(to)) return null;
  const [fromParts, toParts] = [from.split("/").filter(Boolean), to.split("/").filter(Boolean)];
  if (isAbsolutePath(from) && /^[A-Za-z]:/.test(from + to) && fromParts[0] !== toParts[0]) return null;
  let shared = 0;
  while (shared < fromParts.length && shared < toParts.length && fromParts[shared] === toParts[shared])
    shared++;
  if (fromParts.slice(shared).includes("..")) return null;
  return [...fromParts.slice(shared).map(() => ".."), ...toParts.slice(shared)].join("/");
}

/** True when a path relative to `folder` leads out of it. */
export function leavesFolder(folder: string, path: string): boolean {
  const relative = isAbsolutePath(path) ? relativePath(folder, path) : normalizePath(path);
  return relative === null || relative === ".." || relative.startsWith("../");
}

function lastSeparator(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
}
