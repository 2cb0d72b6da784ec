/** What of a repository speaks against a release, before anything is built. @module */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Semantic versions without build metadata: https://semver.org. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;

/** Files that state the version, and how. */
const STATED = [
  ["package-lock.json", /"version": "([^"]+)"/],
  ["CITATION.cff", /^version: (\S+)$/m],
  ["recipe/meta.yaml", /set version = "([^"]+)"/],
  ["python/pyproject.toml", /^version = "([^"]+)"$/m],
];

/** The tests of a release: the scripts of package.json that run some, in the order in which they are run. */
export const TESTS = ["test", "test:long", "test:interop", "test:app", "test:docs"];

export const git = (root, ...words) =>
  execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trimEnd();

export const manifestOf = (root) => JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** A sentence for each thing that is not as a release needs it. */
export function stateFindings(root) {
  const { version, scripts } = manifestOf(root);
  return [
    ...treeFindings(root, version),
    ...versionFindings(root, version),
    ...changelogFindings(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version),
    ...testFindings(scripts),
  ];
}

function* treeFindings(root, version) {
  const changed = git(root, "status", "--porcelain").split("\n").filter(Boolean);
  if (changed.length > 0) yield `there are changes that are not committed, such as ${changed[0].slice(3)}`;
  const tagged = git(root, "tag", "--list", `v${version}`);
  if (tagged !== "" && git(root, "rev-parse", `v${version}^{commit}`) !== git(root, "rev-parse", "HEAD"))
    yield `v${version} is the tag of another commit; raise the version`;
}

function* versionFindings(root, version) {
  if (!VERSION.test(version)) yield `package.json: "${version}" is no semantic version`;
  for (const [name, pattern] of STATED) {
    const stated = existsSync(join(root, name))
      ? pattern.exec(readFileSync(join(root, name), "utf8"))?.[1]
      : undefined;
    if (stated !== version)
      yield `${name}: the version is ${stated ?? "not there"}, and ${version} in package.json`;
  }
}

/** The version has a dated part of its own, right below an empty part of what is not released. */
function* changelogFindings(text, version) {
  const parts = text.split(/^## /m).slice(1);
  const [unreleased, latest] = parts;
  if (!unreleased?.startsWith("[Unreleased]")) yield "CHANGELOG.md: the first part is not [Unreleased]";
  else if (/^- /m.test(unreleased)) yield `CHANGELOG.md: [Unreleased] has entries; move them to [${version}]`;
  const heading = latest?.split("\n", 1)[0] ?? "nothing";
  const dated =
    heading.startsWith(`[${version}] - `) && /^\d{4}-\d{2}-\d{2}$/.test(heading.slice(version.length + 5));
  if (!dated) yield `CHANGELOG.md: below [Unreleased] is "${heading}", expected [${version}] - and its date`;
  else if (!/^- /m.test(latest)) yield `CHANGELOG.md: [${version}] has no entry`;
}

function* testFindings(scripts) {
  const there = Object.keys(scripts).filter((name) => /^test(:|$)/.test(name));
  for (const name of new Set([...there, ...TESTS]))
    if (there.includes(name) !== TESTS.includes(name))
      yield `package.json: ${name} is ${there.includes(name) ? "no test of a release" : "not there"}; mend TESTS in scripts/release/state.mjs`;
}
