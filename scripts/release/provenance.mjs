/**
 * How a tarball came about, as a statement of in-toto with the provenance of SLSA. It is not signed: who publishes it signs it.
 * Sources: https://in-toto.io/Statement/v1, https://slsa.dev/spec/v1.0/provenance.
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { git, manifestOf } from "./state.mjs";

const digest = (path, algorithm) => createHash(algorithm).update(readFileSync(path)).digest("hex");

/**
 * The statement on `tarball`, packed from the commit that is checked out in `root`. `tests` are the scripts that passed before;
 * `startedOn` and `finishedOn` are ISO times.
 */
export function statementOn(tarball, root, { tests, npm, startedOn, finishedOn }) {
  const { name, version, repository } = manifestOf(root);
  const source = repository.url;
  const page = source.replace(/^git\+/, "").replace(/\.git$/, "");
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      {
        name: `pkg:npm/${name}@${version}`,
        digest: { sha256: digest(tarball, "sha256"), sha512: digest(tarball, "sha512") },
      },
    ],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: `${page}/blob/v${version}/CONTRIBUTING.md#a-release`,
        externalParameters: { source, ref: `v${version}`, command: "npm run release" },
        internalParameters: {
          file: basename(tarball),
          node: process.version,
          npm,
          platform: `${process.platform}-${process.arch}`,
          tests,
        },
        resolvedDependencies: [
          { uri: source, digest: { gitCommit: git(root, "rev-parse", "HEAD") } },
          {
            name: "package-lock.json",
            digest: { sha256: digest(join(root, "package-lock.json"), "sha256") },
          },
          { uri: `pkg:generic/node@${process.version.slice(1)}` },
        ],
      },
      runDetails: {
        builder: { id: `${page}/blob/v${version}/scripts/release.mjs`, version: { [name]: version } },
        metadata: { startedOn, finishedOn },
      },
    },
  };
}
