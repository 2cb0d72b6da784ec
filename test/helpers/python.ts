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

/** One with scanpy, which celltypist brings, and with the installed Python package. */
export const PYTHON_SCANPY = process.env.PYTHON_CELLTYPIST || undefined;

/** One with celltypist, which wants an older scikit-learn than the newest. */
const PYTHON_CELLTYPIST = process.env.PYTHON_CELLTYPIST || undefined;

/** `describe` for what needs the newest releases: fails in CI without them, skips with a plain line elsewhere. */
export const describeCurrent = (name: string, body: (python: string) => void): void =>
  describeWith(PYTHON_CURRENT, "PYTHON_CURRENT", name, body);

/** The same for what needs celltypist. */
export const describeCellTypist = (name: string, body: (python: string) => void): void =>
  describeWith(PYTHON_CELLTYPIST, "PYTHON_CELLTYPIST", name, body);

function describeWith(
  python: string | undefined,
  variable: string,
  name: string,
  body: (python: string) => void,
): void {
  if (python !== undefined) describe(name, () => body(python));
  else if (process.env.CI === "true")
    test(name, () => {
      expect.fail(`${variable} names no interpreter; .ci/run installs one`);
    });
  else {
    console.log(`skipped without ${variable}: ${name}`);
    describe.skip(name, () => body("python3"));
  }
}
