/** `scripts/check-layers.mjs` on small folders of sources: it finds what it is to find, and lets the rest be. */
import { expect, test } from "vitest";
import { type Checked, runCheck } from "./helpers/check-script.ts";

/** What the check says of sources, given by their names. */
const check = (sources: Readonly<Record<string, string>>): Checked => runCheck("check-layers", sources);

test("imports of earlier stages pass", () => {
  expect(
    check({
      "core/csr.ts": 'import { platform } from "#platform";\n',
      "model/train.ts": 'import type { Csr } from "../core/csr.ts";\nawait import("../core/csr.ts");\n',
    }),
  ).toEqual({ findings: [], ok: true });
});

test.each([
  ["a value", 'import { train } from "../model/train.ts";'],
  ["a type", 'import type { Model } from "../model/train.ts";'],
  ["a module on first use", 'const { train } = await import("../model/train.ts");'],
  ["a name that is handed on", 'export { train } from "../model/train.ts";'],
])("an import of %s from a later stage is found", (_, line) => {
  expect(check({ "core/csr.ts": line, "model/train.ts": "" })).toEqual({
    findings: ["core/csr.ts imports model/train.ts: a later stage"],
    ok: false,
  });
});

test("files that import each other are found once, by the shortest way round; types count", () => {
  expect(
    check({
      "core/a.ts": 'import { b } from "./b.ts";',
      "core/b.ts": 'import { c } from "./c.ts";\nimport { d } from "./d.ts";',
      "core/c.ts": 'import type { A } from "./a.ts";',
      "core/d.ts": 'import { c } from "./c.ts";',
      "core/alone.ts": 'import { a } from "./a.ts";',
    }),
  ).toEqual({ findings: ["a circle of imports: core/a.ts → core/b.ts → core/c.ts → core/a.ts"], ok: false });
});

test("modules of Node stay with the host and the command line, and hosts behind their seam", () => {
  const { findings } = check({
    "core/a.ts": 'import { join } from "node:path";\nimport { files } from "../node/files.ts";',
    "node/files.ts": 'import { stat } from "node:fs";',
    "cli/main.ts": 'import { Command } from "commander";',
  });
  expect(findings).toEqual([
    "core/a.ts imports node:path: only src/node and src/cli may",
    "core/a.ts imports node/files.ts: hosts are reached through #platform",
  ]);
});

test("the command line reaches the library through its door alone", () => {
  const { findings } = check({
    "model/train.ts": "",
    "api/train.ts": 'import { train } from "../model/train.ts";',
    "cli/main.ts":
      'import { train } from "../api/train.ts";\nimport type { Model } from "../model/train.ts";\nimport { files } from "../node/files.ts";',
    "node/files.ts": "",
  });
  expect(findings).toEqual([
    "cli/main.ts imports model/train.ts: the command line imports src/api and itself alone",
    "cli/main.ts imports node/files.ts: hosts are reached through #platform",
  ]);
});

test("a folder that is no stage is found", () => {
  expect(check({ "misc/a.ts": "" }).ok).toBe(false);
});
