import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "./program.ts";
import { createOutput } from "./terminal/print.ts";

let printed = { stdout: "", stderr: "" };
beforeEach(() => {
  printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    });
});
afterEach(() => vi.restoreAllMocks());

async function helpOf(words: readonly string[]): Promise<string> {
  printed.stdout = "";
  expect(await run([...words, "--help"], new AbortController().signal)).toBe(0);
  return printed.stdout;
}

test("the help of no command names an empty default", async () => {
  const names = (await helpOf([])).split("Commands:\n")[1].matchAll(/^ {2}([a-z]+) /gm);
  const commands = [...names].map(([, name]) => name).filter((name) => name !== "help");
  expect(commands.length).toBeGreaterThan(15);
  for (const command of commands) expect(await helpOf([command]), command).not.toMatch(/default: *[;)]/);
});

test("--quiet leaves warnings of what commands print", () => {
  const words = { setting: String, place: String };
  const kept: object[] = [];
  const output = createOutput({ quiet: true, json: false, progress: null, debug: false }, words, (summary) =>
    kept.push(summary),
  );
  output.result("a result");
  output.note("a note");
  output.json({ command: "x" });
  expect(printed).toEqual({ stdout: "", stderr: "" });
  expect(kept).toEqual([{ command: "x" }]);
  output.warn({ message: "a warning" });
  expect(printed.stderr).toBe("warning: a warning\n");
});

test("commands print by their output alone", () => {
  const folder = import.meta.dirname;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const printing = files.filter((name) =>
    /process\.std(out|err)\.write|console\.\w+\(/.test(readFileSync(join(folder, name), "utf8")),
  );
  expect(printing.sort()).toEqual(
    ["main.ts", "program.ts", join("terminal", "print.ts"), join("terminal", "progress-bar.ts")].sort(),
  );
});

test("--quiet shows nothing of a result that is text, and --json all of it", async () => {
  const words = ["inspect", join(import.meta.dirname, "../../test/golden/simulated/query.h5ad"), "--quiet"];
  const { signal } = new AbortController();
  expect(await run(words, signal)).toBe(0);
  expect(printed).toEqual({ stdout: "", stderr: "" });
  expect(await run([...words, "--json"], signal)).toBe(0);
  expect(JSON.parse(printed.stdout)).toMatchObject({ n_obs: expect.any(Number), obs: expect.any(Array) });
});
