import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MountingFs, Platform } from "../core/platform.ts";

let platform: Platform;
beforeEach(async () => {
  vi.stubGlobal("navigator", { userAgent: "test", platform: "test", hardwareConcurrency: 2 });
  ({ platform } = await import("./platform.ts"));
});
afterEach(() => vi.unstubAllGlobals());

/** Emscripten's file system as far as mounting needs it; records what is asked of it. */
function recordingFs(refuse?: "write"): MountingFs & { readonly calls: string[] } {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (...values: unknown[]): void => {
      calls.push([name, ...values.filter((value) => typeof value === "string")].join(" "));
      if (name === refuse) throw new RangeError("out of memory");
    };
  return {
    calls,
    filesystems: { WORKERFS: {} },
    mkdir: note("mkdir"),
    rmdir: note("rmdir"),
    mount: (_type, options, path) => note("mount")(path, Object.keys(options).join()),
    unmount: note("unmount"),
    writeFile: note("write"),
    unlink: note("unlink"),
  };
}

const withoutNumber = (calls: readonly string[]): string[] => calls.map((call) => call.replace(/-\d+/, ""));

test("paths and addresses are refused with what to pass instead", async () => {
  const { files } = platform;
  const refused = { code: "USAGE", where: "model.pth", hint: expect.stringContaining("File") };
  for (const work of [
    files.open("model.pth"),
    files.exists("model.pth"),
    files.writeAll([{ path: "model.pth", bytes: [] }]),
    files.checkWritable("model.pth"),
    platform.openFile("model.pth"),
    platform.mountForHdf5("model.pth", recordingFs()),
  ])
    await expect(work).rejects.toMatchObject(refused);
  await expect(platform.openFile(new URL("http://localhost/x"))).rejects.toMatchObject({ code: "USAGE" });
});

test("Files, Blobs and bytes are opened by what name they have", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  for (const [input, name] of [
    [new File([bytes], "query.h5ad"), "query.h5ad"],
    [new Blob([bytes]), "memory"],
    [bytes, "memory"],
  ] as const) {
    const source = await platform.openFile(input);
    expect([source.name, source.byteLength, [...(await source.read(1, 9))]]).toEqual([name, 3, [2, 3]]);
  }
});

test("in a worker a File is mounted where it is; nothing of it is read", async () => {
  vi.stubGlobal("FileReaderSync", class {});
  const fs = recordingFs();
  const file = new File(["x"], "query.h5ad");
  Object.defineProperty(file, "arrayBuffer", { value: () => Promise.reject(new Error("was read")) });
  const mounted = await platform.mountForHdf5(file, fs);
  expect(mounted.path).toMatch(/^\/atlasmtl-\d+\/data\.h5$/);
  await mounted.unmount();
  expect(withoutNumber(fs.calls)).toEqual([
    "mkdir /atlasmtl",
    "mount /atlasmtl blobs",
    "unmount /atlasmtl",
    "rmdir /atlasmtl",
  ]);
});

test("on the main thread it is copied into memory, and bytes are everywhere", async () => {
  const copied = [
    "mkdir /atlasmtl",
    "write /atlasmtl/data.h5",
    "unlink /atlasmtl/data.h5",
    "rmdir /atlasmtl",
  ];
  for (const input of [new File(["x"], "query.h5ad"), Uint8Array.of(1)]) {
    const fs = recordingFs();
    await (await platform.mountForHdf5(input, fs)).unmount();
    expect(withoutNumber(fs.calls)).toEqual(copied);
  }
});

test("a file that does not fit into memory is an IO error that names the way out; nothing stays", async () => {
  const fs = recordingFs("write");
  await expect(platform.mountForHdf5(new File(["xy"], "query.h5ad"), fs)).rejects.toMatchObject({
    code: "IO",
    message: "the file of 2 bytes cannot be copied into memory",
    where: "query.h5ad",
    hint: expect.stringContaining("worker"),
  });
  expect(withoutNumber(fs.calls).at(-1)).toBe("rmdir /atlasmtl");
});

test("SHA-256 is that of Node's library, whatever the pieces", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
  const hash = platform.createSha256();
  for (const [from, to] of [
    [0, 1],
    [1, 1],
    [1, 65],
    [65, 300],
  ] as const)
    hash.update(bytes.subarray(from, to));
  expect(hash.hex()).toBe(createHash("sha256").update(bytes).digest("hex"));
});
