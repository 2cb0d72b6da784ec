/** A bounded run of the mutation fuzzer over the build; `npm run fuzz -- --seconds 600` runs it longer. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/fuzz.mjs", import.meta.url));

test("4,000 damaged files open or end in a typed error, in time and in little memory", {
  timeout: 180_000,
}, async () => {
  const words = ["--executions", "4000", "--seconds", "150", "--seed", "1"];
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
    execFile(process.execPath, [script, ...words], { maxBuffer: 1 << 26 }, (error, text) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout: text });
    });
  });
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^\d+ executions, 0 findings, seed 1$/m);
});
