import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gitCommit } from "./git-commit.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-git-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), text);
}

test("a branch is followed to its commit, loose or packed", async () => {
  await write(".git/HEAD", "ref: refs/heads/main\n");
  await write(".git/packed-refs", `# pack-refs\n${COMMIT.replace("0", "f")} refs/heads/main\n`);
  expect(await gitCommit(root)).toBe(COMMIT.replace("0", "f"));
  await write(".git/refs/heads/main", `${COMMIT}\n`);
  expect(await gitCommit(root)).toBe(COMMIT);
});

test("a detached head and a worktree are read", async () => {
  await write("main/.git/worktrees/w/HEAD", `${COMMIT}\n`);
  await write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
  expect(await gitCommit(join(root, "w"))).toBe(COMMIT);
  await write("main/.git/worktrees/w/HEAD", "ref: refs/heads/x\n");
  await write("main/.git/worktrees/w/commondir", "../..\n");
  await write("main/.git/refs/heads/x", `${COMMIT}\n`);
  expect(await gitCommit(join(root, "w"))).toBe(COMMIT);
});

test("no checkout, or one that makes no sense, has no commit", async () => {
  expect(await gitCommit(root)).toBe(null);
  await write(".git/HEAD", "nonsense\n");
  expect(await gitCommit(root)).toBe(null);
  await write(".git/HEAD", "ref: refs/heads/unborn\n");
  expect(await gitCommit(root)).toBe(null);
});
