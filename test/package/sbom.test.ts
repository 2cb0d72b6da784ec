/** The bill of materials that is made when the package is packed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly object[];
}

interface LockedPackage {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-sbom-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function bill(name: string): string {
  const path = join(folder, name);
  execFileSync(process.execPath, [join(root, "scripts/sbom.mjs"), path]);
  return readFileSync(path, "utf8");
}

test("it names what npm installs for users, and what the package carries, with digests and licences", () => {
  const bom = JSON.parse(bill("a.json"));
  expect([bom.bomFormat, bom.specVersion]).toEqual(["CycloneDX", "1.6"]);
  const components: readonly Component[] = bom.components;
  const names = components.map(({ name }) => name);
  // Every package of the lock file that is neither for development nor optional.
  const { packages } = readJson("package-lock.json");
  const installed = Object.entries(packages as Record<string, LockedPackage>)
    .filter(([path, { dev, devOptional }]) => path !== "" && dev !== true && devOptional !== true)
    .map(([path, { version }]) => [path.slice(path.lastIndexOf("node_modules/") + 13), version]);
  const listed = components.map(({ name, version }) => [name, version]);
  for (const each of installed) expect(listed).toContainEqual(each);
  expect(names.length).toBe(installed.length + 1);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("h5wasm-plugins");
  for (const { purl, name, version, hashes, licenses } of components) {
    expect(purl).toBe(`pkg:npm/${name.replace("@", "%40")}@${version}`);
    expect(hashes).toEqual([{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    expect(licenses).toHaveLength(1);
  }
});

test("every dependency leads to a component, and the package needs what its package.json says", () => {
  const bom = JSON.parse(bill("b.json"));
  const self = bom.metadata.component["bom-ref"];
  const refs = [self, ...bom.components.map((each: Component) => each["bom-ref"])];
  const edges = new Map<string, readonly string[]>(
    bom.dependencies.map(({ ref, dependsOn }: { ref: string; dependsOn: readonly string[] }) => [
      ref,
      dependsOn,
    ]),
  );
  expect([...edges.keys()].sort()).toEqual([...refs].sort());
  for (const needed of edges.values()) for (const each of needed) expect(refs).toContain(each);
  const nameOf = (ref: string): string =>
    ref
      .slice("pkg:npm/".length)
      .replace(/@[^@]*$/, "")
      .replace("%40", "@");
  const direct = (edges.get(self) ?? []).map(nameOf).filter((name) => name !== "h5wasm-plugins");
  expect(direct.sort()).toEqual(Object.keys(readJson("package.json").dependencies).sort());
});

test("the same lock file gives the same bytes", () => {
  expect(bill("d.json")).toBe(bill("c.json"));
});
