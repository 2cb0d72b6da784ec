// Writes sbom.cdx.json, the bill of materials of the package (CycloneDX 1.6): the npm packages whose code it carries, from the
// lock file, and its filters. Without time or serial number, so that the same lock file gives the same bytes. Another path may be named.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { licenceOf, runtimePackages } from "./runtime-packages.mjs";

const root = resolve(import.meta.dirname, "..");
const page = process.argv[2] ?? join(root, "sbom.cdx.json");
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));

const purl = (name, version) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

/** `sha512-…` of the lock file, in hex. */
function hashOf(integrity) {
  const [, algorithm, digest] = /^sha(\d+)-(.+)$/.exec(integrity);
  return { alg: `SHA-${algorithm}`, content: Buffer.from(digest, "base64").toString("hex") };
}

/** An identifier of SPDX, an expression of them, or a name. */
function licences(text) {
  if (/^[\w.+-]+$/.test(text)) return [{ license: { id: text } }];
  if (/ (OR|AND) /.test(text)) return [{ expression: text.replace(/^\(|\)$/g, "") }];
  return [{ license: { name: text } }];
}

const packages = runtimePackages();
const components = packages.map((each) => ({
  type: "library",
  "bom-ref": purl(each.name, each.version),
  name: each.name,
  version: each.version,
  scope: "required",
  hashes: [hashOf(each.integrity)],
  licenses: licences(licenceOf(each)),
  purl: purl(each.name, each.version),
}));

/** Compiled filters of a package whose code is not carried. */
const filters = lock.packages["node_modules/h5wasm-plugins"];
const carried = {
  type: "library",
  "bom-ref": `${purl("h5wasm-plugins", filters.version)}#filters`,
  name: "h5wasm-plugins",
  version: filters.version,
  description:
    "eight compiled HDF5 filters in dist/hdf5-filters; THIRD_PARTY_NOTICES.md names what is in each",
  scope: "required",
  hashes: [hashOf(filters.integrity)],
  licenses: licences(filters.license),
  purl: purl("h5wasm-plugins", filters.version),
};

const self = purl(own.name, own.version);
const refOf = new Map(packages.map(({ folder, name, version }) => [folder, purl(name, version)]));
const bom = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: {
      type: "library",
      "bom-ref": self,
      name: own.name,
      version: own.version,
      description: own.description,
      licenses: licences(own.license),
      purl: self,
    },
  },
  components: [...components, carried],
  dependencies: [
    {
      ref: self,
      dependsOn: [
        ...packages.filter(({ isDirect }) => isDirect).map(({ name, version }) => purl(name, version)),
        carried["bom-ref"],
      ],
    },
    ...packages.map(({ folder, dependencies }) => ({
      ref: refOf.get(folder),
      dependsOn: dependencies.map((each) => refOf.get(each)),
    })),
    { ref: carried["bom-ref"], dependsOn: [] },
  ],
};

writeFileSync(page, `${JSON.stringify(bom, null, 2)}\n`);
