/** AnnData in Zarr: a folder, a zip archive of one, or an address on the web; also inside MuData and SpatialData. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { webAddress } from "../../core/web-address.ts";
import { AtlasmtlError } from "../../errors.ts";
import { subStore } from "../../formats/sub-store.ts";
import { folderKeys, type KeyStore } from "../../formats/zarr/key-store.ts";
import { isZarrRoot } from "../../formats/zarr/root.ts";
import { webKeys, webSource } from "../../formats/zarr/web-store.ts";
import { isZip } from "../../formats/zip/directory.ts";
import { below, openZipStore } from "../../formats/zip/store.ts";
import { annDataOf } from "../read/open-stored.ts";
import type { AnnData } from "../types.ts";
import type { Container } from "./container.ts";
import { choosePart } from "./parts.ts";
import type { OpenOptions, Probe } from "./probe.ts";

async function open(keys: KeyStore, probed: Probe, options: OpenOptions): Promise<AnnData> {
  // The Zarr reader loads on first use, so that a page that only reads HDF5 starts faster.
  const { openZarr } = await import("../../formats/zarr/open.ts");
  const root = await openZarr(keys);
  try {
    const chosen = await choosePart(root, options);
    if (chosen === null) return await annDataOf(root, probed.input, "zarr", options);
    const { path, notes } = chosen;
    // A table of SpatialData may be of another format than what it lies in. On the web only the root has a listing.
    const store = keys.isListable
      ? await openZarr({ ...below(keys, path), name: `${keys.name} › ${path}` })
      : subStore(root, path);
    const adata = await annDataOf(store, probed.input, "zarr", options);
    const files =
      probed.kind === "folder" && probed.input !== null
        ? { files: [`${probed.name.replace(/[/\\]+$/, "")}/${path}`] }
        : {};
    return { ...adata, stored: { ...adata.stored!, ...files, part: path }, notes };
  } catch (error) {
    await root.close();
    throw error;
  }
}

export const zarrFolder: Container = {
  format: "zarr",
  title: "AnnData in Zarr (a folder)",
  short: ".zarr",
  endings: [".zarr"],
  isFolderOf: isZarrRoot,
  recognises: ({ kind, entries }) => kind === "folder" && isZarrRoot(entries),
  open: (probed, options) => open(folderKeys(probed.folder, probed.files), probed, options),
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
  open: async (probed, options) => open(await zippedZarr(probed.takeSource()), probed, options),
};

export const zarrAddress: Container = {
  format: "zarr",
  title: "AnnData in Zarr at an http(s) address",
  short: "address of a Zarr",
  endings: [],
  recognises: ({ kind }) => kind === "address",
  async open(probed, options) {
    const address = webAddress(probed.input!)!;
    const { pathname } = new URL(address);
    if (/\.zip$/i.test(pathname)) return open(await zippedZarr(await webSource(address)), probed, options);
    return open(webKeys(address), probed, options);
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
