/** What Python packs with bzip2 and xz is unpacked here to the same bytes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesSource } from "../../src/core/blob-source.ts";
import { type Packing, packingOf, unpackedFlow } from "../../src/formats/compression/packing.ts";
import { PYTHON, runPython } from "../helpers/python.ts";

let folder = "";
let made: { readonly contents: readonly string[]; readonly cases: readonly string[] };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-packed-"));
  const script = fileURLToPath(new URL("compressed_files.py", import.meta.url));
  made = JSON.parse(runPython(PYTHON, script, folder).trim());
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The SHA-256 and the length of what it unpacks to. */
async function unpack(bytes: Uint8Array): Promise<string> {
  const flow = unpackedFlow(bytesSource(bytes, "packed"), packingOf(bytes) as Packing, {
    maxBytes: 2 ** 30,
    bound: "a test",
    hint: "none",
  });
  const hash = createHash("sha256");
  for (let piece = await flow.next(); piece !== null; piece = await flow.next()) hash.update(piece);
  return hash.digest("hex");
}

test("every content by every setting", async () => {
  expect(made.contents.length * made.cases.length).toBeGreaterThan(90);
  for (const name of made.contents) {
    const wanted = digest(bytesOf(name));
    for (const one of made.cases)
      expect([`${name}.${one}`, await unpack(bytesOf(`${name}.${one}`))]).toEqual([`${name}.${one}`, wanted]);
  }
});

test("a byte that is another is noticed, and so is an end that is cut off", async () => {
  for (const one of ["bzip2-1", "xz-crc32", "xz-6"]) {
    const whole = bytesOf(`runs.${one}`);
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 60)) {
      const changed = whole.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
      if (at > 5)
        await expect(unpack(changed), `${one} ${at}`).rejects.toMatchObject({ name: "AtlasmtlError" });
      if (at > 5)
        await expect(unpack(whole.subarray(0, at)), `${one} ${at}`).rejects.toMatchObject({
          code: "BAD_FORMAT",
        });
    }
  }
});

test.each([
  ["words.refused-delta", "UNSUPPORTED"],
  ["words.refused-dictionary", "LIMIT"],
])("%s", async (name, code) => {
  await expect(unpack(bytesOf(name))).rejects.toMatchObject({ code });
});
