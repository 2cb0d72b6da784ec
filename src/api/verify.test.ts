/** Files of a model or a run, compared with what was recorded, through the entry. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { smallModel } from "../../test/helpers/small-model.ts";
import { TrainedModel, type Verified, verify } from "./index.ts";
import { emitRun, fingerprint, readRun } from "./runs.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-verify-"));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const model = new TrainedModel(smallModel());
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const statusOf = ({ files }: Verified): Record<string, string> =>
  Object.fromEntries(files.map(({ role, status }) => [role, status]));

test("a bundle is found by its folder, its manifest or its .pth, and every file is hashed", async () => {
  await model.save(at("m.pth"));
  for (const path of [folder, at("m_manifest.json"), at("m.pth")]) {
    const verified = await verify(path);
    expect(verified).toMatchObject({ kind: "bundle", codeSha256: null });
    expect(statusOf(verified)).toEqual({ model: "ok", metadata: "ok", reference: "ok" });
    for (const { expected, found } of verified.files) expect(found).toEqual(expected);
  }
});

test("a changed and a missing file are results, with what was recorded and what is there", async () => {
  await model.save(at("m.pth"));
  const before = await verify(at("m.pth"));
  await appendFile(at("m_metadata.pkl"), "x");
  await rm(at("m_reference.pkl"));
  const { files } = await verify(at("m.pth"));
  expect(statusOf({ files } as Verified)).toEqual({ model: "ok", metadata: "changed", reference: "missing" });
  const [metadata, reference] = files.slice(1);
  expect(metadata.expected).toEqual(before.files[1].expected);
  expect(metadata.found?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(metadata.found).not.toEqual(metadata.expected);
  expect([reference.expected, reference.found]).toEqual([before.files[2].expected, null]);
});

test("the files of a bundle are verified without a folder", async () => {
  const files = new Map(await model.toFiles());
  expect(statusOf(await verify(files))).toEqual({ model: "ok", metadata: "ok", reference: "ok" });
  files.set("model.pth", text("something else") as Uint8Array<ArrayBuffer>);
  expect(statusOf(await verify(files))).toMatchObject({ model: "changed", metadata: "ok" });
});

test("a file without a recorded checksum is unlisted, and a model without a manifest is refused", async () => {
  await model.save(at("m.pth"));
  const manifest = JSON.parse(await readFile(at("m_manifest.json"), "utf8"));
  delete manifest.checksums.metadata_path;
  await writeFile(at("m_manifest.json"), JSON.stringify(manifest));
  expect(statusOf(await verify(at("m.pth")))).toMatchObject({ model: "ok", metadata: "unlisted" });
  await rm(at("m_manifest.json"));
  await expect(verify(at("m.pth"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "the model has no manifest beside it, so no checksums were recorded",
    where: at("m.pth"),
    hint: "load the model and save it again, which writes a manifest",
  });
});

/** The record of a run that read `in.txt` and wrote `out.txt`, beside them. */
async function writeRun(): Promise<string> {
  for (const name of ["in.txt", "out.txt"]) await writeFile(at(name), name);
  const record = (name: string) => ({ ...fingerprint({ path: name, bytes: [text(name)] }) });
  const bytes = emitRun({
    command: "predict",
    inputs: [record("in.txt")],
    outputs: [record("out.txt")],
    seeds: new Map([["train", 7]]),
    gitCommit: null,
    codeSha256: "c0".repeat(32),
    argv: ["atlasmtl", "predict"],
    startedAt: "2026-01-01T00:00:00.000Z",
    finishedAt: "2026-01-01T00:00:01.000Z",
    details: new Map([["model", "m.pth"]]),
  });
  await writeFile(at("predict_run_manifest.json"), bytes);
  return at("predict_run_manifest.json");
}

test("the record of a run names its code, its inputs and its outputs", async () => {
  const path = await writeRun();
  const verified = await verify(path);
  expect(verified).toMatchObject({ kind: "run", codeSha256: "c0".repeat(32) });
  expect(verified.files.map(({ role, path: file, status }) => [role, file, status])).toEqual([
    ["input", "in.txt", "ok"],
    ["output", "out.txt", "ok"],
  ]);
  await writeFile(at("out.txt"), "changed");
  await rm(at("in.txt"));
  expect(statusOf(await verify(path))).toEqual({ input: "missing", output: "changed" });
  const { content, inputs } = await readRun(path);
  expect([content.get("model"), content.get("seeds")]).toEqual(["m.pth", { train: 7 }]);
  expect(inputs[0]).toMatchObject({ path: "in.txt", sizeBytes: 6 });
});

test("JSON of another program is refused, or left alone on request", async () => {
  await writeFile(at("package.json"), '{"name": "other"}');
  await expect(verify(at("package.json"))).rejects.toMatchObject({ code: "BAD_FORMAT", subject: "artifact" });
  expect(await verify(at("package.json"), { skipOthers: true })).toEqual({
    kind: "other",
    files: [],
    codeSha256: null,
  });
});

test.each([
  ["{", /^not valid JSON: /],
  [Uint8Array.of(0x7b, 0xff, 0x7d), /^not valid JSON: it is not UTF-8$/],
])("a manifest that is no JSON is a damaged artifact: %#", async (content, message) => {
  await writeFile(at("m_manifest.json"), content);
  await expect(verify(at("m_manifest.json"))).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: expect.stringMatching(message),
    where: at("m_manifest.json"),
    hint: "restore the manifest from a copy",
    subject: "artifact",
  });
});

test("reading writes nothing, and the signal stops it", async () => {
  await model.save(at("m.pth"));
  const before = await readdir(folder);
  await expect(verify(at("m.pth"), { signal: AbortSignal.abort() })).rejects.toThrow();
  await verify(folder);
  expect(await readdir(folder)).toEqual(before);
});
