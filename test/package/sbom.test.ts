/** The bill of materials that is made when the package is packed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { carriedPackages, root } from "./install.ts";

const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly object[];
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

test("it names all packages whose code is in dist, with digests and licences", () => {
  const bom = JSON.parse(bill("a.json"));
  expect([bom.bomFormat, bom.specVersion]).toEqual(["CycloneDX", "1.6"]);
  const components: readonly Component[] = bom.components;
  const names = components.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([...carriedPackages(join(root, "dist")), ...importedPackages(), "h5wasm-plugins"]),
  );
  const { packages } = readJson("package-lock.json");
  for (const { name, version } of components) expect(version).toBe(packages[`node_modules/${name}`].version);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("h5wasm-plugins");
  for (const { purl, name, version, hashes, licenses } of components) {
    expect(purl).toBe(`pkg:npm/${name.replace("@", "%40")}@${version}`);
    expect(hashes).toEqual([{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    expect(licenses).toHaveLength(1);
  }
});

test("every dependency leads to a component, and the package needs what its sources import", () => {
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
  expect(direct.sort()).toEqual(importedPackages());
});

test("the same lock file gives the same bytes", () => {
  expect(bill("d.json")).toBe(bill("c.json"));
});

/** The packages that the sources name, without their tests. */
function importedPackages(): readonly string[] {
  const names = new Set<string>();
  for (const name of readdirSync(join(root, "src"), { recursive: true }).map(String)) {
    if (!/(?<!\.test)\.ts$/.test(name) || name.includes("assembly")) continue;
    const text = readFileSync(join(root, "src", name), "utf8");
    for (const [, found] of text.matchAll(/^(?:import|\}) .*from "((?:@[^/"]+\/)?[a-z][^/":]*)[^":]*";$/gm))
      names.add(found);
    for (const [, found] of text.matchAll(/import\("((?:@[^/"]+\/)?[a-z][^/":]*)"\)/g)) names.add(found);
    if (text.includes('import("#h5wasm")')) names.add("h5wasm");
  }
  return [...names].sort();
}
