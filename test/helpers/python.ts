/** The Python interpreters of the second stage. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";

/** Debian's, with torch, scikit-learn and anndata of its release. */
export const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";

/** One with the newest releases of PyPI, which `.ci/run` installs; undefined elsewhere unless set. */
export const PYTHON_CURRENT = process.env.PYTHON_CURRENT || undefined;

export function runPython(python: string, ...args: string[]): string {
  return execFileSync(python, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONIOENCODING: "utf8", PYTHONWARNINGS: "ignore" },
  });
}

/** `describe` for what needs the newest releases: fails in CI without them, skips with a plain line elsewhere. */
export function describeCurrent(name: string, body: (python: string) => void): void {
  if (PYTHON_CURRENT !== undefined) describe(name, () => body(PYTHON_CURRENT));
  else if (process.env.CI === "true")
    test(name, () => {
      expect.fail("PYTHON_CURRENT names no interpreter; .ci/run installs one");
    });
  else {
    console.log(`skipped without PYTHON_CURRENT: ${name}`);
    describe.skip(name, () => body("python3"));
  }
}
