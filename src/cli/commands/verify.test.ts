import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { smallModel } from "../../../test/helpers/small-model.ts";
import { isAtlasmtlError } from "../../api/errors.ts";
import { fingerprintFile } from "../../api/runs.ts";
import { emitRunManifest, runManifest } from "../../artifacts/run-manifest.ts";
import { saveModel } from "../../artifacts/save.ts";
import { nodeDisk } from "../../node/disk.ts";
import { emitJournal } from "../../node/journal.ts";
import { temporaryPath, thisProcess } from "../../node/temporaries.ts";
import { codeDigest } from "../code-digest.ts";
import type { CommandContext } from "../context.ts";
import { runVerify, type VerifyFlags } from "./verify.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-verify-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Result {
  readonly error: string | null;
  readonly text: string;
  readonly warnings: readonly string[];
  readonly json: {
    readonly ok: boolean;
    readonly other_code: readonly string[];
    readonly files: readonly { readonly status: string; readonly path: string }[];
  };
}

async function verify(path: string, flags: VerifyFlags = {}): Promise<Result> {
  const lines: string[] = [];
  const warnings: string[] = [];
  let json: unknown = null;
  const context: CommandContext = {
    config: null,
    common: { quiet: false, json: false, progress: null, debug: false },
    output: {
      result: (text) => void lines.push(text),
      json: (summary) => {
        json = summary;
      },
      note: () => undefined,
      inWords: (notice) => notice,
      warn: ({ message }) => void warnings.push(message),
      heading: (text) => text,
    },
    words: { setting: String, place: String },
    signal: new AbortController().signal,
    argv: [],
    startedAt: new Date(0),
  };
  const error = await runVerify(path, flags, context).then(
    () => null,
    (thrown: unknown) => {
      if (!isAtlasmtlError(thrown)) throw thrown;
      return thrown.code;
    },
  );
  return { error, text: lines.join("\n"), warnings, json: json as Result["json"] };
}

async function run(path: string, output: string, codeSha256?: string): Promise<void> {
  const record = { path: output, ...(await fingerprintFile(join(path, output))) };
  const manifest = runManifest({
    command: "predict",
    inputs: [],
    outputs: [record],
    seeds: new Map(),
    packageVersion: "0",
    gitCommit: null,
    ...(codeSha256 === undefined ? {} : { codeSha256 }),
    argv: [],
    startedAt: "",
    finishedAt: "",
    details: new Map(),
  });
  await writeFile(join(path, "predict_run_manifest.json"), emitRunManifest(manifest));
}

test("every manifest in a folder and below it is checked, and models without one are named", async () => {
  await saveModel(smallModel(), join(folder, "a/m.pth"));
  await saveModel(smallModel(), join(folder, "b/deep/n.pth"));
  await writeFile(join(folder, "b/out.csv"), "x");
  await run(join(folder, "b"), "out.csv");
  await cp(join(folder, "a/m.pth"), join(folder, "old.pth"));
  await writeFile(join(folder, "other_manifest.json"), '{"name": "of a web page"}');
  const { error, json } = await verify(folder);
  expect(error).toBeNull();
  const count = (status: string): number => json.files.filter((file) => file.status === status).length;
  expect([count("OK"), count("NO CHECKSUM"), count("SKIPPED"), json.files.length]).toEqual([7, 1, 1, 9]);
});

test("what changed is shown as expected and found", async () => {
  await saveModel(smallModel(), join(folder, "m.pth"));
  await writeFile(join(folder, "out.csv"), "abc");
  await run(folder, "out.csv");
  await writeFile(join(folder, "out.csv"), "abd");
  await rm(join(folder, "m_reference.pkl"));
  const { error, text, json } = await verify(folder);
  expect(error).toBe("CHECKSUM");
  expect(json.ok).toBe(false);
  expect(text).toMatch(
    /out\.csv\n {2}expected {2}sha256 ba7816bf[0-9a-f]{56}, 3 bytes\n {2}found {5}sha256 [0-9a-f]{64}, 3 bytes/,
  );
  expect(text).toMatch(/m_reference\.pkl\n {2}expected {2}sha256 [0-9a-f]{64}\n {2}found {5}no such file/);
  await writeFile(join(folder, "out.csv"), "longer");
  expect((await verify(folder)).text).toMatch(/found {5}another content, 6 bytes/);
});

test("a run that other code made is named with both digests, and is no failure", async () => {
  await writeFile(join(folder, "out.csv"), "abc");
  await run(folder, "out.csv", codeDigest());
  expect(await verify(folder)).toMatchObject({ error: null, warnings: [], json: { other_code: [] } });
  await run(folder, "out.csv", "ab".repeat(32));
  const { error, warnings, json } = await verify(folder);
  expect(error).toBeNull();
  expect(warnings).toEqual([
    `1 run made by other code than this program's: sha256 ${"ab".repeat(32)} recorded, ${codeDigest()} here`,
  ]);
  expect(json).toMatchObject({ ok: true, other_code: [join(folder, "predict_run_manifest.json")] });
});

test("a broken manifest in a folder does not keep the others from being checked", async () => {
  await saveModel(smallModel(), join(folder, "m.pth"));
  await writeFile(join(folder, "a_manifest.json"), "{");
  const { error, text, json } = await verify(folder);
  expect(error).toBe("CHECKSUM");
  expect(text).toMatch(/the manifest cannot be read: not valid JSON/);
  expect(json.files.filter(({ status }) => status === "OK").length).toBe(3);
  expect((await verify(join(folder, "a_manifest.json"))).error).toBe("BAD_FORMAT");
});

test("a bundle of which no checksum is recorded is not verified", async () => {
  const path = join(folder, "m_manifest.json");
  await saveModel(smallModel(), join(folder, "m.pth"));
  const { checksums: _, ...others } = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify(others));
  for (const each of [path, folder])
    expect(await verify(each)).toMatchObject({ error: "CHECKSUM", json: { ok: false } });
});

test("a folder without any manifest is an error", async () => {
  await mkdir(join(folder, "empty"));
  expect((await verify(join(folder, "empty"))).error).toBe("NOT_FOUND");
});

test("the state after an interrupted save is checked as it is, and put in place on request", async () => {
  await saveModel(smallModel(), join(folder, "m.pth"));
  await saveModel(smallModel({ dropoutRate: 0.5 }), join(folder, "new/m.pth"));
  const names = ["m.pth", "m_metadata.pkl", "m_reference.pkl", "m_manifest.json"];
  const target = join(folder, "m_manifest.json");
  const files = [];
  for (const name of names) {
    const path = join(folder, name);
    const temporary = temporaryPath(thisProcess, path, target);
    await rename(join(folder, "new", name), temporary);
    const { sizeBytes, sha256 } = await fingerprintFile(temporary);
    files.push({ named: path, path, temporary, size: sizeBytes, sha256, isFolder: false });
  }
  const journal = join(folder, ".m_manifest.json.commit");
  await writeFile(journal, emitJournal(journal, { files, replaces: await nodeDisk.sha256(target) }));
  const before = await readFile(join(folder, "m.pth"));
  const seen = await verify(join(folder, "m.pth"));
  expect(seen.error).toBeNull();
  expect(seen.warnings).toEqual([expect.stringContaining("a save was interrupted")]);
  expect(await readFile(join(folder, "m.pth"))).toEqual(before);
  const finished = await verify(join(folder, "m.pth"), { finish: true });
  expect([finished.error, finished.warnings]).toEqual([null, []]);
  expect(await readFile(join(folder, "m.pth"))).not.toEqual(before);
  expect((await readdir(folder)).sort()).toEqual([...names, "new"].sort());
});
