/** Runs the built program as a user's shell does. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** The file behind the `atlasmtl` command. */
export const program = fileURLToPath(new URL("../../dist/bin/main.js", import.meta.url));
if (!existsSync(program)) throw new Error("dist/bin/main.js is missing: run `npm run build` first");

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Called with all of stderr so far; may send a signal. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** The program and its first words; by default Node with the built program. */
  readonly launcher?: readonly string[];
}

export function runCli(words: readonly string[], { cwd, onStderr, launcher }: RunOptions): Promise<Run> {
  const [command, ...first] = launcher ?? [process.execPath, program];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...words], { cwd, env: { ...process.env, NO_COLOR: "1" } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr?.(stderr, (signal) => void child.kill(signal));
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The program and its files in one folder, which is known once it is made. */
export function cliIn(folder: () => string) {
  const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder() });
  const text = (path: string): string => readFileSync(join(folder(), path), "utf8");
  return {
    run,
    text,
    json: (path: string) => JSON.parse(text(path)),
    /** A run that must succeed. */
    async ok(...words: string[]): Promise<Run> {
      const done = await run(...words);
      expect(done.code, done.stderr).toBe(0);
      return done;
    },
  };
}

/** Three lines, nothing on stdout, and the exit code. */
export function expectFailure(run: Run, code: number, what: RegExp, where: RegExp = /./): void {
  expect(run.stderr).toMatch(/^error: .+\nwhere: .+\nfix: {3}.+\n$/);
  const [first, second] = run.stderr.split("\n");
  expect(first).toMatch(what);
  expect(second).toMatch(where);
  expect(run.stdout).toBe("");
  expect(run.code).toBe(code);
}

/** Every file and folder under `folder`, sorted. */
export async function listing(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}
