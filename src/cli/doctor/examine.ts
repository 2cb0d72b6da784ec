/** Looks at the machine: what is there, and what works. @module */
import { mkdtemp, rm, statfs } from "node:fs/promises";
import {
  arch,
  availableParallelism,
  cpus,
  endianness,
  freemem,
  homedir,
  release,
  tmpdir,
  totalmem,
  type,
} from "node:os";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { platform } from "#platform";
import { isAtlasmtlError } from "../../api/errors.ts";
import { examineEngine, workingFilters } from "../../api/examine-host.ts";
import { codeDigest } from "../code-digest.ts";
import { gitCommit } from "../git-commit.ts";
import { checkoutFolder, programFile } from "../own-files.ts";

export interface ExaminedFolder {
  readonly role: string;
  readonly path: string;
  readonly freeBytes: number | null;
  /** Why no file can be written there; null if one can. */
  readonly error: string | null;
}

export interface Examined {
  readonly program: { readonly path: string; readonly codeSha256: string; readonly gitCommit: string | null };
  readonly node: { readonly version: string; readonly v8: string; readonly path: string };
  readonly system: {
    readonly os: string;
    readonly release: string;
    readonly arch: string;
    readonly endianness: string;
    readonly model: string;
    readonly cores: number;
    readonly processors: number;
  };
  readonly engine: {
    readonly name: string | null;
    readonly threads: number;
    readonly sharedBytes: number | null;
    readonly error: string | null;
  };
  readonly memory: {
    readonly totalBytes: number;
    readonly availableBytes: number;
    /** What a container or a batch system allows; null without a limit. */
    readonly limitBytes: number | null;
    readonly heapLimitBytes: number;
  };
  readonly hdf5: { readonly filters: readonly string[]; readonly error: string | null };
  readonly folders: readonly ExaminedFolder[];
  /** `NAME=VALUE` of variables that change how the program runs. */
  readonly environment: readonly string[];
}

/** Variables of Node, of threads and of batch systems; none of them holds a secret. */
const VARIABLES = [
  "NODE_OPTIONS",
  "UV_THREADPOOL_SIZE",
  "TMPDIR",
  "TMP",
  "TEMP",
  "SLURM_CPUS_PER_TASK",
  "SLURM_MEM_PER_NODE",
  "NSLOTS",
  "LSB_DJOB_NUMPROC",
  "PBS_NP",
  "LANG",
  "TERM",
  "NO_COLOR",
];

/** Paths are shown with `~`, so that a report does not name its writer. */
const shown = (path: string): string => {
  const home = homedir();
  return home.length > 1 && path.startsWith(home) ? `~${path.slice(home.length)}` : path;
};

/** Examines everything; what fails is part of the result. */
export async function examineMachine(): Promise<Examined> {
  const temporary = await examineFolder("temporary", tmpdir());
  return {
    program: {
      path: shown(programFile),
      codeSha256: codeDigest(),
      gitCommit: checkoutFolder === null ? null : await gitCommit(checkoutFolder),
    },
    node: { version: process.versions.node, v8: process.versions.v8, path: shown(process.execPath) },
    system: {
      os: type(),
      release: release(),
      arch: arch(),
      endianness: endianness(),
      model: cpus()[0]?.model.trim() ?? "unknown model",
      cores: cpus().length,
      processors: availableParallelism(),
    },
    engine: await examineEngine().then(
      (engine) => ({ ...engine, error: null }),
      (error: unknown) => ({ name: null, threads: 0, sharedBytes: null, error: reasonOf(error) }),
    ),
    memory: {
      totalBytes: totalmem(),
      availableBytes: process.availableMemory?.() ?? freemem(),
      limitBytes: limitOf(process.constrainedMemory?.()),
      heapLimitBytes: getHeapStatistics().heap_size_limit,
    },
    hdf5:
      temporary.error === null
        ? await examineHdf5()
        : { filters: [], error: "not tried without a temporary folder" },
    folders: [await examineFolder("this folder", process.cwd()), temporary],
    environment: VARIABLES.filter((name) => process.env[name] !== undefined).map(
      (name) => `${name}=${shown(process.env[name] ?? "")}`,
    ),
  };
}

async function examineFolder(role: string, path: string): Promise<ExaminedFolder> {
  const freeBytes = await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  try {
    await platform.files.checkWritable(join(path, "atlasmtl-doctor"));
    return { role, path: shown(path), freeBytes, error: null };
  } catch (error) {
    return { role, path: shown(path), freeBytes, error: reasonOf(error) };
  }
}

async function examineHdf5(): Promise<Examined["hdf5"]> {
  try {
    const folder = await mkdtemp(join(tmpdir(), "atlasmtl-doctor-"));
    try {
      return { filters: await workingFilters((name) => join(folder, `${name}.h5`)), error: null };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    return { filters: [], error: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string =>
  isAtlasmtlError(error) || error instanceof Error ? String(error.message) : String(error);

/** Node reports no limit as 0, as nothing, or as a number beyond any memory. */
function limitOf(bytes: number | undefined): number | null {
  return bytes === undefined || bytes === 0 || bytes > 2 ** 50 ? null : bytes;
}
