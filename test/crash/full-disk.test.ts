/** A real full disk: exit 5, three lines, nothing left. Needs the right to mount one. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "../e2e/make-h5ad.ts";
import { expectFailure, runCli } from "../e2e/run-cli.ts";

let root = "";

/** Mounts a disk of so many KiB, if this system lets us. */
function mountDisk(path: string, kilobytes: number): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const probe = await mkdtemp(join(tmpdir(), "atlasmtl-mount-"));
const mayMount = mountDisk(probe, 64);
if (mayMount) execFileSync("umount", [probe]);
await rm(probe, { recursive: true, force: true });
if (!mayMount) console.log("skipped without the right to mount a disk: full disks");

describe.skipIf(!mayMount)("on a full disk", () => {
  let disk = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "atlasmtl-full-"));
    disk = join(root, "disk");
    await mkdir(disk);
    expect(mountDisk(disk, 64)).toBe(true);
    await writeH5ad(join(root, "ref.h5ad"), tinyAtlas(200, 8));
  }, 60_000);
  afterAll(async () => {
    execFileSync("umount", [disk]);
    await rm(root, { recursive: true, force: true });
  });

  const train = (out: string): Promise<Awaited<ReturnType<typeof runCli>>> =>
    runCli(
      [
        "train",
        "--adata",
        "ref.h5ad",
        "--out",
        out,
        "--labels",
        "cell_type",
        "--num-epochs",
        "1",
        "--hidden-sizes",
        "256",
        "64",
      ],
      { cwd: root },
    );

  test("train says so and leaves nothing", async () => {
    expectFailure(await train("disk/model/m.pth"), 5, /disk is full|has .* free/, /disk\/model/);
    expect(await readdir(disk, { recursive: true })).toEqual([]);
  });

  test("predict says so, and leaves nothing or what was there", async () => {
    expect((await train("m.pth")).code).toBe(0);
    const predict = (out: string): Promise<Awaited<ReturnType<typeof runCli>>> =>
      runCli(["predict", "--model", "m.pth", "--adata", "ref.h5ad", "--out", `disk/${out}`], { cwd: root });
    for (const out of ["a.h5ad", "sub/a.h5ad"]) {
      expectFailure(await predict(out), 5, /disk is full|has .* free/, /disk/);
      expect(await readdir(disk, { recursive: true })).toEqual([]);
    }
    await writeFile(join(disk, "filler"), new Uint8Array(56 << 10));
    await writeFile(join(disk, "a.csv"), "old");
    expectFailure(await predict("a.csv"), 5, /disk is full/, /a\.csv/);
    expect((await readdir(disk)).sort()).toEqual(["a.csv", "filler"]);
    expect(await readFile(join(disk, "a.csv"), "utf8")).toBe("old");
  });
});
