/** The check of names finds what it should, and nothing else. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../scripts/check-names.mjs", import.meta.url));

test("names of files outside of the tables are found", () => {
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-names-"));
  const write = (path: string, lines: readonly string[]): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), lines.join("\n"));
  };
  write("schema/a.ts", [
    `export const KEYS = keysOf("train_loss");`,
    `const M = ["joint_one", "other"] as const;`,
  ]);
  write("model/a.ts", [
    `const key = "train_loss";`,
    `if (mode === "joint_one") say("the train_loss of an epoch");`,
    `const { val_loss } = values;`,
    "const text = `n_cells`;",
  ]);
  write("cli/a.ts", [`json({ n_cells: 3 });`, `read("n_cells");`]);
  write("formats/zarr/a.ts", [`const fill = meta.fill_value;`]);
  try {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: "utf8" });
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => line.split(" belongs")[0])
        .sort(),
    ).toEqual([
      "cli/a.ts:2: n_cells",
      "model/a.ts:1: train_loss",
      "model/a.ts:3: val_loss",
      "model/a.ts:4: n_cells",
    ]);
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
