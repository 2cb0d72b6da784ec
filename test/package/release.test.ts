/** A release: what of a repository speaks against it, and the statement on its tarball. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

const git = (...words: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...words], {
    cwd: folder,
    encoding: "utf8",
  });
const at = (name: string) => join(folder, name);

/** A repository with the files of this one that state the version, and a changelog that is ready. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "release-"));
  for (const name of [
    "package.json",
    "package-lock.json",
    "CITATION.cff",
    "recipe/meta.yaml",
    "python/pyproject.toml",
  ])
    await cp(join(root, name), at(name), { recursive: true });
  await writeFile(
    at("CHANGELOG.md"),
    "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n\n- Labels cells.\n",
  );
  git("init", "--quiet");
  commit();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function commit() {
  git("add", "--all");
  git("commit", "--quiet", "--message", "state");
}

function state() {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts/release.mjs"), "--state", "--root", folder],
    { encoding: "utf8" },
  );
  return { status, findings: stderr.split("\n").filter(Boolean) };
}

/** Findings with `name` changed, and committed if `isCommitted`; the file is put back. */
async function changed(name: string, from: RegExp, to: string, isCommitted = true) {
  const text = await readFile(at(name), "utf8");
  expect(text).toMatch(from);
  await writeFile(at(name), text.replace(from, to));
  if (isCommitted) commit();
  const found = state();
  await writeFile(at(name), text);
  if (isCommitted) commit();
  return found;
}

test("a repository that is ready has no findings", () => {
  expect(state()).toEqual({ status: 0, findings: [] });
});

test.each([
  ["package.json", /"0\.1\.0"/, '"0.1"', '"0.1" is no semantic version'],
  [
    "package-lock.json",
    /"0\.1\.0"/,
    '"0.0.9"',
    "package-lock.json: the version is 0.0.9, and 0.1.0 in package.json",
  ],
  ["CITATION.cff", /version: 0.1.0/, "version: 0.1.1", "CITATION.cff: the version is 0.1.1"],
  ["recipe/meta.yaml", /version = "0.1.0"/, 'version = "1"', "recipe/meta.yaml: the version is 1,"],
  ["python/pyproject.toml", /^version = .*$/m, "", "python/pyproject.toml: the version is not there"],
  ["CHANGELOG.md", / - 2026-12-01/, "", 'is "[0.1.0]", expected [0.1.0] - and its date'],
  ["CHANGELOG.md", /0\.1\.0/, "0.2.0", 'is "[0.2.0] - 2026-12-01", expected [0.1.0]'],
  ["CHANGELOG.md", /- Labels cells\./, "", "[0.1.0] has no entry"],
  ["CHANGELOG.md", /\[Unreleased\]\n/, "[Unreleased]\n\n- More.\n", "[Unreleased] has entries"],
  ["package.json", /"test:long"/, '"test:longer"', "test:longer is no test of a release"],
])("%s changed by %s to %s is a finding", async (name, from, to, finding) => {
  const { status, findings } = await changed(name, from, to);
  expect(status).toBe(1);
  expect(findings.join("\n")).toContain(finding);
});

test("a change that is not committed, and the tag of another commit, are findings", async () => {
  const { findings } = await changed("CITATION.cff", /$/, "\n", false);
  expect(findings).toEqual(["there are changes that are not committed, such as CITATION.cff"]);
  git("tag", "v0.1.0");
  expect(state().findings).toEqual([]);
  git("commit", "--quiet", "--allow-empty", "--message", "later");
  expect(state().findings).toEqual(["v0.1.0 is the tag of another commit; raise the version"]);
  git("tag", "--delete", "v0.1.0");
});

test("the statement on a tarball names its bytes, the commit, the lock file, Node and the tests", async () => {
  const tarball = at(".git/atlasmtl-0.1.0.tgz");
  await mkdir(at(".git"), { recursive: true });
  await writeFile(tarball, "bytes");
  const script = `const { statementOn } = await import(${JSON.stringify(join(root, "scripts/release/provenance.mjs"))});
    console.log(JSON.stringify(statementOn(${JSON.stringify(tarball)}, ${JSON.stringify(folder)},
      { tests: ["test"], npm: "10.0.0", startedOn: "2026-12-01T00:00:00Z", finishedOn: "2026-12-01T00:01:00Z" })));`;
  const statement = JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }),
  );
  const sha = (algorithm: string, bytes: string | Buffer) =>
    createHash(algorithm).update(bytes).digest("hex");
  expect(statement).toMatchObject({
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      {
        name: "pkg:npm/atlasmtl@0.1.0",
        digest: { sha256: sha("sha256", "bytes"), sha512: sha("sha512", "bytes") },
      },
    ],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        externalParameters: { ref: "v0.1.0" },
        internalParameters: {
          node: process.version,
          npm: "10.0.0",
          tests: ["test"],
          file: "atlasmtl-0.1.0.tgz",
        },
      },
      runDetails: { metadata: { startedOn: "2026-12-01T00:00:00Z", finishedOn: "2026-12-01T00:01:00Z" } },
    },
  });
  const [source, lock, node] = statement.predicate.buildDefinition.resolvedDependencies;
  expect(source.digest.gitCommit).toBe(git("rev-parse", "HEAD").trim());
  expect(lock.digest.sha256).toBe(sha("sha256", await readFile(at("package-lock.json"))));
  expect(node.uri).toBe(`pkg:generic/node@${process.versions.node}`);
});
