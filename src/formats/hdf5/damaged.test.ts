import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asDamaged, inspectFile } from "./layout.ts";
import { loadHdf5 } from "./library.ts";

test("wrong offsets of a file are BAD_FORMAT; a full memory and errors of the system stay as they are", async () => {
  await loadHdf5();
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-hdf5-"));
  try {
    const path = join(folder, "a.h5");
    const bytes = new Uint8Array(64);
    bytes.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
    bytes.set([8, 8], 13);
    await writeFile(path, bytes);
    for (const address of [100, 2 ** 40, 2 ** 62, 2 ** 64])
      expect(() => inspectFile(path, (file) => file.read(address, 8))).toThrow(
        expect.objectContaining({ code: "BAD_FORMAT" }),
      );
    expect(() => inspectFile(path, () => new Uint8Array(2).set([1], 2))).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT" }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
  const memory = new RangeError("Array buffer allocation failed");
  const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  expect([asDamaged(memory, ""), asDamaged(full, "")]).toEqual([memory, full]);
});
