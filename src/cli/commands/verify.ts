/** `atlasmtl verify`: hash every file of a bundle or a run again. @module */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { platform } from "#platform";
import { siblingPath } from "../../artifacts/locations.ts";
import { checkRunFiles, isRunManifest, parseRunManifest } from "../../artifacts/run-manifest.ts";
import { type VerifyStatus, verifyBundle } from "../../artifacts/verify.ts";
import { compareCodePoints } from "../../core/order.ts";
import { AtlasmtlError } from "../../errors.ts";
import { asFileError } from "../../node/files.ts";
import type { CommandContext } from "../context.ts";
import { asSubject } from "../errors.ts";
import { plural, table } from "../print.ts";

interface Check {
  readonly manifest: string;
  /** Such as `model_path` or `input`. */
  readonly role: string;
  readonly path: string;
  readonly status: "OK" | "CHANGED" | "MISSING" | "NO CHECKSUM";
}

const BUNDLE_STATUS = {
  ok: "OK",
  mismatch: "CHANGED",
  missing: "MISSING",
  unlisted: "NO CHECKSUM",
} as const satisfies Record<VerifyStatus, Check["status"]>;

/**
 * Prints one line per file.
 * @throws CHECKSUM when a file changed or is missing; NOT_FOUND, BAD_FORMAT or UNSUPPORTED for the manifest.
 */
export async function runVerify(path: string, { output, signal }: CommandContext): Promise<void> {
  const checks = await asSubject("artifact", async () => {
    const all: Check[] = [];
    for (const manifest of await manifestsOf(path)) all.push(...(await checkManifest(manifest, signal)));
    return all;
  });
  const severalManifests = new Set(checks.map(({ manifest }) => manifest)).size > 1;
  output.result(
    table(
      checks.map(({ manifest, role, path: file, status }) => [
        status,
        ...(severalManifests ? [manifest] : []),
        role,
        file,
      ]),
    ),
  );
  const wrong = checks.filter(({ status }) => ["CHANGED", "MISSING"].includes(status));
  output.json({ path, ok: wrong.length === 0, files: checks });
  if (wrong.length === 0) {
    const nOk = checks.filter(({ status }) => status === "OK").length;
    output.note(`${plural(nOk, "file")} as recorded`);
    return;
  }
  throw new AtlasmtlError(
    "CHECKSUM",
    `${wrong.length} of ${plural(checks.length, "file")} not as recorded: ${wrong.map(({ path: file, status }) => `${file} ${status}`).join(", ")}`,
    { where: path, hint: "restore the files from a copy, or run the command of the run manifest again" },
  );
}

/** The path itself, or every manifest in a folder. @throws NOT_FOUND when there is none. */
async function manifestsOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path))
      .filter((name) => /_manifest\.json$/.test(name))
      .sort(compareCodePoints);
    if (names.length > 0) return names.map((name) => join(path, name));
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  throw new AtlasmtlError("NOT_FOUND", "the folder holds no manifest", {
    where: path,
    hint: "name a bundle (.pth or manifest) or a run manifest",
  });
}

async function checkManifest(path: string, signal: AbortSignal): Promise<Check[]> {
  const json = path.endsWith(".json") ? await readJson(path) : null;
  if (json !== null && isRunManifest(json)) {
    const files = await checkRunFiles(parseRunManifest(json, path), dirname(path), signal);
    return files.map(({ role, path: file, status }) => ({ manifest: path, role, path: file, status }));
  }
  if (path.endsWith(".pth")) await requireManifest(path);
  const files = await verifyBundle(path, { signal });
  return files.map(({ key, path: file, status }) => ({
    manifest: path,
    role: key.replace(/_path$/, ""),
    path: file,
    status: BUNDLE_STATUS[status],
  }));
}

/** Bundles from before manifests have nothing to compare with. */
async function requireManifest(path: string): Promise<void> {
  const { files } = platform;
  if (!(await files.exists(path)) || (await files.exists(siblingPath(path, "manifest")))) return;
  throw new AtlasmtlError("NOT_FOUND", "the model has no manifest beside it, so no checksums were recorded", {
    where: path,
    hint: "load the model and save it again, which writes a manifest",
  });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw asFileError(error, path, "read");
    throw new AtlasmtlError("BAD_FORMAT", `not valid JSON: ${error.message}`, {
      where: path,
      hint: "restore the manifest from a copy",
      cause: error,
    });
  }
}
