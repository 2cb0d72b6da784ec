import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAtlasmtlError } from "../errors.ts";
import {
  checkRunFiles,
  fingerprintFile,
  parseRunManifest,
  type RunRecord,
  runManifest,
  writeRunManifest,
} from "./run-manifest.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-run-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RECORD: RunRecord = {
  command: "train",
  inputs: [],
  outputs: [],
  seeds: new Map([["random_state", 42]]),
  packageVersion: "1.2.3",
  gitCommit: null,
  argv: ["atlasmtl", "train"],
  startedAt: "2030-01-01T00:00:00.000Z",
  finishedAt: "2030-01-01T00:00:01.000Z",
  details: new Map([["out", "model.pth"]]),
};

/** SHA-256 of "abc", FIPS 180-2. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isAtlasmtlError(error)) return `${error.code} ${error.subject}`;
    throw error;
  }
  return "no error";
};

test("settings keep their Python kind, and keys are sorted", async () => {
  const path = join(folder, "run.json");
  const details = new Map([
    [
      "train_config",
      new Map([
        ["weight_decay", 0],
        ["batch_size", 256],
      ]),
    ],
  ]);
  await writeRunManifest(path, runManifest({ ...RECORD, details }));
  const text = await readFile(path, "utf8");
  expect(text).toContain('"train_config": {\n    "batch_size": 256,\n    "weight_decay": 0.0\n  }');
});

test("details of a command cannot replace what every manifest records", () => {
  const manifest = runManifest({ ...RECORD, details: new Map([["command", "forged"]]) });
  expect(manifest.get("command")).toBe("train");
});

test("a manifest that was written reads back, and its files are found beside it", async () => {
  await writeFile(join(folder, "data.txt"), "abc");
  expect(await fingerprintFile(join(folder, "data.txt"))).toEqual({ sizeBytes: 3, sha256: ABC });
  const files = [{ path: "data.txt", sizeBytes: 3, sha256: ABC }];
  const path = join(folder, "train_run_manifest.json");
  await writeRunManifest(path, runManifest({ ...RECORD, outputs: files }));
  const manifest = parseRunManifest(JSON.parse(await readFile(path, "utf8")), path);
  expect(manifest.outputs).toEqual(files);
  expect(await checkRunFiles(manifest, folder)).toMatchObject([{ role: "output", status: "OK" }]);
  await writeFile(join(folder, "data.txt"), "abd");
  expect(await checkRunFiles(manifest, folder)).toMatchObject([
    { status: "CHANGED", expected: { sizeBytes: 3, sha256: ABC } },
  ]);
  await rm(join(folder, "data.txt"));
  expect(await checkRunFiles(manifest, folder)).toMatchObject([{ status: "MISSING", found: null }]);
});

test("an aborted signal stops hashing", async () => {
  await writeFile(join(folder, "data.txt"), "abc");
  const work = fingerprintFile(join(folder, "data.txt"), AbortSignal.abort());
  expect(await work.catch((error) => error.code)).toBe("ABORTED");
});

test.each([
  [null, "BAD_FORMAT artifact"],
  [[], "BAD_FORMAT artifact"],
  [{ schema_version: 1 }, "BAD_FORMAT artifact"],
  [{ schema_version: "1", inputs: [], outputs: [] }, "BAD_FORMAT artifact"],
  [{ schema_version: 2, inputs: [], outputs: [] }, "UNSUPPORTED artifact"],
  [{ schema_version: 1, inputs: [null], outputs: [] }, "BAD_FORMAT artifact"],
  [{ schema_version: 1, inputs: [{ path: "a", size: "1", sha256: "" }], outputs: [] }, "BAD_FORMAT artifact"],
  [{ schema_version: 1, inputs: [], outputs: [] }, "no error"],
])("%j is refused by type", (json, expected) => {
  expect(codeOf(() => parseRunManifest(json, "x.json"))).toBe(expected);
});
