import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallModel } from "../../test/helpers/small-model.ts";
import { isAtlasmtlError } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { TrainedModel } from "./trained-model.ts";
import { verify } from "./verify.ts";

const files = () => new TrainedModel(smallModel()).toFiles();
const zipped = () => new TrainedModel(smallModel()).toZip();
const load = (bytes: Uint8Array): Promise<TrainedModel> => TrainedModel.load(bytes);

/** Without its functions, which differ between loads. */
const plain = ({ hasReference: _, reference: __, ...rest }: Model): unknown => rest;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-zip-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a model goes into one archive and comes back the same: from bytes, a blob, a file, a list of it and a path", async () => {
  const zip = await zipped();
  expect(await zipped()).toEqual(zip);
  expect(unzipSync(zip)).toEqual(Object.fromEntries(await files()));
  const path = join(folder, "m.zip");
  await writeFile(path, zip);
  const file = new File([zip], "atlas.ZIP");
  for (const input of [zip, new Blob([zip]), file, [file], new Map([["x/atlas.zip", zip]]), path]) {
    const model = await TrainedModel.load(input as File);
    expect(plain(model.data)).toEqual(plain(smallModel()));
    expect(await model.data.reference()).toEqual(await smallModel().reference());
    expect([model.isVerified, model.files.length, model.files[0].toLowerCase().endsWith(".zip")]).toEqual([
      true,
      1,
      true,
    ]);
    expect((await verify(input as File)).files.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  }
  expect((await TrainedModel.load(path)).files).toEqual([path]);
});

test("save writes an archive by its ending, whose model is called as it is", async () => {
  const path = join(folder, "saved", "blood.zip");
  await new TrainedModel(smallModel()).save(path);
  expect(await readdir(join(folder, "saved"))).toEqual(["blood.zip"]);
  const model = await TrainedModel.load(path);
  expect(plain(model.data)).toEqual(plain(smallModel()));
  const { files: verified } = await verify(path);
  expect(verified[0].path.endsWith("saved/blood.zip/blood.pth")).toBe(true);
  for (const [where, options, hint] of [
    [path, { referencePath: join(folder, "r.pkl") }, "leave referencePath out"],
    [join(folder, ".zip"), {}, "model.pth"],
  ] as const)
    await expect(new TrainedModel(smallModel()).save(where, options)).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining(hint),
    });
});

test("an archive made by other programs is opened: deflated, in a folder, with what macOS adds", async () => {
  const named = [...(await files())];
  const added = named.map(([name]) => [`__MACOSX/atlas/._${name}`, Uint8Array.of(0)] as const);
  const zip = zipSync(
    Object.fromEntries([...named.map(([name, bytes]) => [`atlas/${name}`, bytes]), ...added]),
  );
  expect(plain((await load(zip)).data)).toEqual(plain(smallModel()));
});

test("of several models in an archive the one named by path is loaded", async () => {
  const two = [
    ...(await new TrainedModel(smallModel()).toFiles("a.pth")),
    ...(await new TrainedModel(smallModel()).toFiles("b.pth")),
  ];
  const zip = zipSync(Object.fromEntries(two));
  await expect(load(zip)).rejects.toMatchObject({
    code: "USAGE",
    where: "model.zip/a_manifest.json, model.zip/b_manifest.json",
  });
  for (const path of ["b.pth", "model.zip/b_manifest.json"])
    expect(plain((await TrainedModel.load(zip, { path })).data)).toEqual(plain(smallModel()));
});

test("hostile archives are refused, and the archive and the entry are named", async () => {
  const named = Object.fromEntries(await files());
  for (const name of ["../model.pth", "a/../../model.pth", "/model.pth", "..\\model.pth", "C:\\model.pth"])
    await expect(load(zipSync({ ...named, [name]: Uint8Array.of(1) })), name).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringContaining("leaves the archive"),
      where: "model.zip",
      subject: "artifact",
    });
  const twice = zipSync({ ...named, "./model.pth": Uint8Array.of(1) });
  await expect(load(twice)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: expect.stringContaining("two entries"),
  });
  // The same name twice, which a directory may hold.
  const other = zipSync({ ...named, "model.ptx": Uint8Array.of(1) });
  const same = Buffer.from(
    Buffer.from(other).toString("latin1").replaceAll("model.ptx", "model.pth"),
    "latin1",
  );
  await expect(load(same)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: expect.stringContaining("two entries"),
  });
  const bomb = zipSync({ ...named, "model_metadata.pkl": new Uint8Array(1 << 26) });
  await expect(load(bomb)).rejects.toMatchObject({
    code: "LIMIT",
    where: expect.stringMatching(/^model\.zip\/model_metadata\.pkl/),
  });
  const zip = await zipped();
  await expect(load(zip.subarray(0, -30))).rejects.toMatchObject({ code: "BAD_FORMAT" });
  await expect(load(named["model.pth"])).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(load(new Uint8Array())).rejects.toMatchObject({ code: "BAD_FORMAT" });
  const damaged = zip.slice();
  damaged[Math.floor(zip.length / 4)] ^= 1;
  await expect(load(damaged)).rejects.toMatchObject({ code: "BAD_FORMAT" });
});

test("an archive cut short or changed anywhere gives a model or a typed error", async () => {
  const zip = await zipped();
  const attempt = (bytes: Uint8Array) =>
    load(bytes)
      .then((model) => model.data.reference())
      .catch((error) => {
        if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
      });
  for (let i = 0; i < 150; i++) {
    const at = Math.floor((zip.length * i) / 150);
    await attempt(zip.subarray(0, at));
    const changed = zip.slice();
    changed[at] ^= 0x55;
    await attempt(changed);
    const end = zip.slice();
    end[zip.length - 1 - i] ^= 0xff;
    await attempt(end);
  }
});
