/** AnnData in Zarr: a folder, a zip archive of one, or an address on the web. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { webAddress } from "../../core/web-address.ts";
import { AtlasmtlError } from "../../errors.ts";
import { folderKeys, type KeyStore } from "../../formats/zarr/key-store.ts";
import { isZarrRoot } from "../../formats/zarr/root.ts";
import { webKeys, webSource } from "../../formats/zarr/web-store.ts";
import { isZip } from "../../formats/zip/directory.ts";
import { below, openZipStore } from "../../formats/zip/store.ts";
import { annDataOf } from "../read/open-stored.ts";
import type { AnnData } from "../types.ts";
import type { Container } from "./container.ts";
import type { Probe } from "./probe.ts";

const open = async (keys: KeyStore, probed: Probe): Promise<AnnData> => {
  // The Zarr reader loads on first use, so that a page that only reads HDF5 starts faster.
  const { openZarr } = await import("../../formats/zarr/open.ts");
  const store = await openZarr(keys);
  try {
    return await annDataOf(store, probed.input, "zarr");
  } catch (error) {
    await store.close();
    throw error;
  }
};

export const zarrFolder: Container = {
  format: "zarr",
  title: "AnnData in Zarr (a folder)",
  short: ".zarr",
  endings: [".zarr"],
  isFolderOf: isZarrRoot,
  recognises: ({ kind, entries }) => kind === "folder" && isZarrRoot(entries),
  open: (probed) => open(folderKeys(probed.name), probed),
  writer: {
    write: async (...given) => (await import("../write/write-zarr.ts")).writeAnnotatedZarr(...given),
    check: async (adata, path) => (await import("../write/write-zarr.ts")).checkZarrOutput(adata, path),
  },
};

/** Any zip archive; one without Zarr inside is refused here, because no other container is a zip archive. */
export const zarrZip: Container = {
  format: "zarr",
  title: "AnnData in zipped Zarr (.zarr.zip)",
  short: ".zarr.zip",
  endings: [".zarr.zip", ".zip"],
  recognises: ({ head }) => isZip(head),
  open: async (probed) => open(await zippedZarr(probed.takeSource()), probed),
};

export const zarrAddress: Container = {
  format: "zarr",
  title: "AnnData in Zarr at an http(s) address",
  short: "address of a Zarr",
  endings: [],
  recognises: ({ kind }) => kind === "address",
  async open(probed) {
    const address = webAddress(probed.input)!;
    const { pathname } = new URL(address);
    if (/\.zip$/i.test(pathname)) return open(await zippedZarr(await webSource(address)), probed);
    return open(webKeys(address), probed);
  },
};

/** The group in an archive: at its root, or in its only folder. */
async function zippedZarr(source: ByteSource): Promise<KeyStore> {
  try {
    const store = await openZipStore(source);
    const roots = store.keys
      .filter((key) => /(^|\/)(zarr\.json|\.zgroup)$/.test(key))
      .map((key) => key.replace(/\/?[^/]*$/, ""));
    const depth = (path: string): number => (path === "" ? 0 : path.split("/").length);
    const least = roots.reduce((found, path) => Math.min(found, depth(path)), Number.POSITIVE_INFINITY);
    const [root, another] = new Set(roots.filter((path) => depth(path) === least));
    if (another !== undefined)
      throw new AtlasmtlError(
        "BAD_FORMAT",
        `this zip archive holds several Zarr groups: ${root}, ${another}, …`,
        {
          hint: "pack one dataset by itself",
        },
      );
    if (root !== undefined) return below(store, root);
    const names = await store.list("");
    const inside = names.length === 0 ? "nothing" : names.slice(0, 5).join(", ");
    throw new AtlasmtlError("BAD_FORMAT", `this zip archive holds no Zarr group; it holds ${inside}`, {
      hint: "unpack it and pass the dataset inside",
    });
  } catch (error) {
    await source.close();
    throw error;
  }
}
