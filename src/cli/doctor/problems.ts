/** Says what of a machine keeps the program from working, and what to do about it. @module */
import type { Examined } from "./examine.ts";

export interface Problem {
  readonly what: string;
  readonly fix: string;
}

/** As `engines` of package.json has it. */
export const OLDEST_NODE = "20.19.0";

/** Less is too little for anything but a demonstration. */
const LEAST_MEMORY = 512e6;
const LEAST_DISK = 500e6;
/** gzip and the filters that the package brings, as far as they can be tried. */
const N_FILTERS = 8;

/** Every problem that the examination shows, the gravest first. */
export function problemsOf({ node, system, engine, memory, hdf5, folders }: Examined): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (what: string, fix: string): void => void problems.push({ what, fix });
  if (isOlder(node.version, OLDEST_NODE))
    add(
      `Node is ${node.version}, expected ${OLDEST_NODE} or newer`,
      "install a newer Node; on a cluster, look for a module of it",
    );
  if (system.endianness !== "LE")
    add("the processor is big-endian", "use a machine with an x86-64 or ARM processor");
  if (engine.error !== null)
    add(
      `the engine does not start: ${engine.error}`,
      "raise the limit of address space (ulimit -v unlimited), or use a newer Node",
    );
  else if (engine.sharedBytes === null)
    add(
      "this process gets no shared memory",
      "raise the limit of address space (ulimit -v unlimited); until then give --num-threads 1",
    );
  for (const { role, path, error, freeBytes } of folders)
    if (error !== null)
      add(
        `no file can be written to ${path}: ${error}`,
        role === "temporary"
          ? "set TMPDIR to a folder that you may write to"
          : "change to a folder that you may write to",
      );
    else if (freeBytes !== null && freeBytes < LEAST_DISK)
      add(
        `${path} has ${megabytes(freeBytes)} free`,
        role === "temporary" ? "set TMPDIR to a larger disk" : "use a larger disk",
      );
  const room = Math.min(memory.availableBytes, memory.limitBytes ?? Number.POSITIVE_INFINITY);
  if (room < LEAST_MEMORY)
    add(
      `${megabytes(room)} of memory are available`,
      "end other programs, or ask the batch system for more memory",
    );
  if (hdf5.error !== null)
    add(`HDF5 does not work: ${hdf5.error}`, "install the package again, and check the temporary folder");
  else if (hdf5.filters.length < N_FILTERS)
    add(
      `of the compression filters of HDF5 only these work: ${hdf5.filters.join(", ")}`,
      "install the package again: its folder dist/hdf5-filters is incomplete",
    );
  return problems;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Compares two versions by their numbers. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((each) => each.split(".").map((part) => Number.parseInt(part, 10)));
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at] < b[at];
}
