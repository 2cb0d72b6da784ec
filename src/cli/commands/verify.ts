/** `atlasmtl verify`: hash every file of a bundle, a run, or all of a folder again. @module */
import { dirname, resolve } from "node:path";
import { platform } from "#platform";
import { AtlasmtlError, isAtlasmtlError } from "../../api/errors.ts";
import { type FileContent, type VerifyStatus, verify } from "../../api/verify.ts";
import { codeDigest } from "../code-digest.ts";
import type { CommandContext } from "../context.ts";
import { listed } from "../inspect/description.ts";
import { count, indent, plural, table } from "../terminal/print.ts";
import { asSubject, describeFailure } from "../terminal/show-error.ts";
import { type Found, findManifests } from "../verify/manifests.ts";

export interface VerifyFlags {
  /** Put the files of an interrupted save in place first. */
  readonly finish?: boolean;
}

type Status =
  | "OK"
  | "CHANGED"
  | "MISSING"
  | "REPLACED"
  | "NO CHECKSUM"
  | "NO RECORD"
  | "UNREADABLE"
  | "SKIPPED";

interface Check {
  readonly manifest: string;
  /** Such as `model` or `input`. */
  readonly role: string;
  readonly path: string;
  readonly status: Status;
  /** The recorded digest, with the size if known; null if there is none. */
  readonly expected: string | null;
  readonly found: string | null;
}

const STATUS = {
  ok: "OK",
  changed: "CHANGED",
  missing: "MISSING",
  unlisted: "NO CHECKSUM",
  replaced: "REPLACED",
} as const satisfies Record<VerifyStatus, Status>;

const WRONG: readonly Status[] = ["CHANGED", "MISSING", "UNREADABLE"];

/**
 * Prints one line per file, and what was expected and found where they differ.
 * @throws CHECKSUM when a file changed or is missing, or none has a checksum; NOT_FOUND, BAD_FORMAT or UNSUPPORTED
 * for the manifest.
 */
export async function runVerify(path: string, flags: VerifyFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { found, checks, codes, finished } = await asSubject("artifact", async () => {
    const manifests = await findManifests(path);
    const put = flags.finish === true ? await finish(manifests) : [];
    const checked = await checkAll(manifests, signal);
    const unrecorded = unrecordedResults(manifests, checked.checks);
    return { ...checked, found: manifests, finished: put, checks: [...checked.checks, ...unrecorded] };
  });
  warnOfUnrecorded(path, checks, output);
  for (const file of finished) output.note(`put in place: ${file}`);
  await warnOfUnfinished(path, found, context);
  const otherCode = warnOfOtherCode(path, codes, context);
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
  const wrong = checks.filter(({ status }) => WRONG.includes(status));
  for (const check of wrong) output.result(`\n${check.path}\n${indent(differenceOf(check))}`);
  output.json({
    path,
    ok: wrong.length === 0 && checks.some(({ status }) => status === "OK"),
    finished,
    files: checks,
    other_code: otherCode,
  });
  if (wrong.length === 0) {
    refuseUnrecorded(path, checks);
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

/** @throws CHECKSUM if no file has a recorded checksum: nothing was verified. */
function refuseUnrecorded(path: string, checks: readonly Check[]): void {
  if (checks.some(({ status }) => status === "OK")) return;
  throw new AtlasmtlError("CHECKSUM", "no checksum is recorded of any file, so nothing was verified", {
    where: path,
    hint: "load the model and save it again, which records checksums; for a run, run its command again",
  });
}

/** Results beside run manifests, of which no manifest speaks. */
function unrecordedResults({ results }: Found, checks: readonly Check[]): Check[] {
  const known = new Set(
    checks.flatMap(({ manifest, path }) => [resolve(dirname(manifest), path), resolve(path)]),
  );
  return results
    .filter((path) => !known.has(resolve(path)))
    .map((path) => ({
      manifest: path,
      role: "result",
      path,
      status: "NO RECORD" as const,
      expected: null,
      found: null,
    }));
}

function warnOfUnrecorded(path: string, checks: readonly Check[], output: CommandContext["output"]): void {
  const without = checks.filter(({ status }) => status === "NO RECORD").map(({ path: file }) => file);
  if (without.length === 0) return;
  output.warn({
    message: `no run manifest records ${plural(without.length, "result")}: ${listed(without, MAX_LISTED)}`,
    where: path,
    hint: "predict again to have a record of them; nothing says what they were made from",
  });
}

const MAX_LISTED = 8;

function differenceOf({ expected, found, status }: Check): string {
  if (status === "UNREADABLE") return `the manifest cannot be read: ${found}`;
  return `expected  ${expected}\nfound     ${found ?? "no such file"}`;
}

async function finish({ manifests }: Found): Promise<readonly string[]> {
  const finished: string[] = [];
  for (const folder of new Set(manifests.map((path) => dirname(path))))
    finished.push(...(await platform.files.finish(folder)));
  return finished;
}

/**
 * Warns of an interrupted save. The check saw the finished state; other programs see a mixture of old and new files
 * until `--finish`.
 */
async function warnOfUnfinished(
  path: string,
  { manifests }: Found,
  { output }: CommandContext,
): Promise<void> {
  const view = platform.files.committedView?.();
  for (const manifest of manifests) await view?.exists(manifest);
  const files = view?.unfinished() ?? [];
  if (files.length === 0) return;
  output.warn({
    message: `a save was interrupted after its files were complete: ${plural(files.length, "file")} under temporary names`,
    where: path,
    hint: "put them in place, for other programs: atlasmtl verify --finish on this path",
  });
}

/** Warns of runs that other code than this program made, and returns their manifests. */
function warnOfOtherCode(
  path: string,
  codes: ReadonlyMap<string, string>,
  { output }: CommandContext,
): readonly string[] {
  if (codes.size === 0) return [];
  const now = codeDigest();
  const other = [...codes].filter(([, digest]) => digest !== now);
  const [first] = other;
  if (first === undefined) return [];
  const manifests = other.map(([manifest]) => manifest);
  output.warn({
    message: `${plural(other.length, "run")} made by other code than this program's: sha256 ${first[1]} recorded, ${now} here`,
    where: manifests.length > 1 ? `${path}: ${manifests.join(", ")}` : first[0],
    hint: "the files may well be as recorded; install the version that the manifest names to run it again",
  });
  return manifests;
}

/** All checks, and the digest of the code by manifest of a run. */
interface Checked {
  readonly checks: readonly Check[];
  readonly codes: ReadonlyMap<string, string>;
}

async function checkAll({ isFolder, manifests, bare }: Found, signal: AbortSignal): Promise<Checked> {
  const checks: Check[] = [];
  const codes = new Map<string, string>();
  for (const manifest of manifests) {
    try {
      checks.push(...(await checkManifest(manifest, isFolder, codes, signal)));
    } catch (error) {
      // In a folder the other manifests are still checked.
      if (!isFolder || !isAtlasmtlError(error) || ["ABORTED", "BUG"].includes(error.code)) throw error;
      const { what } = describeFailure(error, "atlasmtl verify");
      const none = { manifest, role: "manifest", path: manifest, expected: null };
      checks.push({ ...none, status: "UNREADABLE", found: what });
    }
  }
  for (const path of bare)
    checks.push({ manifest: path, role: "model", path, status: "NO CHECKSUM", expected: null, found: null });
  return { checks, codes };
}

async function checkManifest(
  path: string,
  isFolder: boolean,
  codes: Map<string, string>,
  signal: AbortSignal,
): Promise<Check[]> {
  const { kind, files, codeSha256 } = await verify(path, { signal, skipOthers: isFolder });
  if (codeSha256 !== null) codes.set(path, codeSha256);
  if (kind === "other") {
    const nothing = { expected: null, found: null };
    return [{ manifest: path, role: "of another program", path, status: "SKIPPED", ...nothing }];
  }
  return files.map(({ role, path: file, status, expected, found }) => ({
    manifest: path,
    role,
    path: file,
    status: STATUS[status],
    expected: contentText(expected),
    found: contentText(found),
  }));
}

/** Without a digest the size alone already differs. */
function contentText(content: FileContent | null): string | null {
  if (content === null) return null;
  const digest = content.sha256 === null ? "another content" : `sha256 ${content.sha256}`;
  return content.sizeBytes === null ? digest : `${digest}, ${count(content.sizeBytes)} bytes`;
}
