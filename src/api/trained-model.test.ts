import { expect, test } from "vitest";
import { smallModel } from "../../test/helpers/small-model.ts";
import type { Model } from "../model/types.ts";
import { TrainedModel } from "./trained-model.ts";

const plain = ({ reference, hasReference, ...model }: Model): object => model;
const files = async (name?: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> =>
  new Map(await new TrainedModel(smallModel()).toFiles(name));

/** As a folder picker gives them. */
const asFiles = (named: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, folder: string): File[] =>
  [...named].map(([name, bytes]) => {
    const file = new File([bytes], name);
    Object.defineProperty(file, "webkitRelativePath", { value: `${folder}/${name}` });
    return file;
  });

test("a model goes into files and comes back the same, from bytes, blobs and picked files", async () => {
  const named = await files();
  expect([...named.keys()]).toEqual([
    "model.pth",
    "model_metadata.pkl",
    "model_reference.pkl",
    "model_manifest.json",
  ]);
  const blobs = new Map([...named].map(([name, bytes]) => [name, new Blob([bytes])] as const));
  for (const input of [named, blobs, asFiles(named, "picked")]) {
    const model = await TrainedModel.load(input);
    expect(plain(model.data)).toEqual(plain(smallModel()));
    expect(await model.data.reference()).toEqual(await smallModel().reference());
    expect(await model.toFiles()).toEqual(named);
  }
});

test("without its manifest a bundle is found by its .pth", async () => {
  const named = await files();
  named.delete("model_manifest.json");
  const model = await TrainedModel.load(named);
  expect(plain(model.data)).toEqual(plain(smallModel()));
  expect(await model.data.hasReference()).toBe(true);
});

test("a reference in a folder of its own is found there, and beside the manifest when names are all there is", async () => {
  const model = new TrainedModel(smallModel());
  const named = await model.toFiles("m/a.pth", { referencePath: "m/refs/atlas.pkl.gz" });
  expect([...named.keys()]).toContain("m/refs/atlas.pkl.gz");
  const bare = new Map([...named].map(([path, bytes]) => [path.slice(path.lastIndexOf("/") + 1), bytes]));
  for (const input of [named, bare]) {
    const loaded = await TrainedModel.load(input);
    expect(await loaded.data.reference()).toEqual(await smallModel().reference());
  }
});

test("of several models the one named by path is loaded", async () => {
  const both = new Map([...(await files("a.pth")), ...(await files("b.pth"))]);
  await expect(TrainedModel.load(both)).rejects.toMatchObject({
    code: "USAGE",
    where: "a_manifest.json, b_manifest.json",
  });
  for (const path of ["b.pth", "./b_manifest.json"]) {
    const model = await TrainedModel.load(both, { path });
    expect(plain(model.data)).toEqual(plain(smallModel()));
  }
});

test("checksums are compared unless that is turned off", async () => {
  const named = await files();
  named.set("model_manifest.json", changed(named.get("model_manifest.json")!));
  await expect(TrainedModel.load(named)).rejects.toMatchObject({ code: "CHECKSUM", where: "model.pth" });
  await expect(TrainedModel.load(named, { verifyChecksums: undefined })).rejects.toMatchObject({
    code: "CHECKSUM",
  });
  expect(await TrainedModel.load(named, { verifyChecksums: false })).toBeInstanceOf(TrainedModel);
});

/** The manifest with another digest for the model. */
function changed(manifest: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = JSON.parse(new TextDecoder().decode(manifest));
  json.checksums.model_path = "0".repeat(64);
  return new TextEncoder().encode(JSON.stringify(json));
}

test("a file that is missing is named", async () => {
  const named = await files();
  named.delete("model_metadata.pkl");
  await expect(TrainedModel.load(asFiles(named, "d"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    where: "d/model_metadata.pkl",
  });
});
