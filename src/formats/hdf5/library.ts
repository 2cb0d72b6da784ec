/**
 * Loads the HDF5 library (WebAssembly) and captures its messages.
 *
 * The library prints a stack to stderr when it fails, and h5wasm often reports nothing else. Here stderr is a
 * buffer: the text that a call prints becomes the cause of an error.
 * @module
 */
import type * as H5wasm from "#h5wasm";
import { AtlasmtlError, type ErrorCode } from "../../errors.ts";
import type { EmscriptenFs, Stream } from "./emscripten-fs.ts";
import { allowMemory, beginCall, guardFiles, guardMemory, refusedFile, wasMemoryRefused } from "./guard.ts";
import { routeTargets } from "./mount-target.ts";

export type H5Module = Awaited<typeof H5wasm.ready>;

const MAX_MESSAGE = 16_384;

/** Text that the library has printed to stderr since the last call began; it indicates a failure. */
let printed = "";
/** Its last warning. */
let noted = "";
/** Calls in progress. */
let calls = 0;
let loading: Promise<H5Module> | null = null;
let loaded: H5Module | null = null;

/** Loads the library once; all other functions need it. */
export async function loadHdf5(): Promise<H5Module> {
  loading ??= load();
  try {
    return await loading;
  } catch (error) {
    loading = null;
    throw asFailedStart(error);
  }
}

/** The library asks for its address space when it starts; a limit on that is the usual reason of a failure. */
function asFailedStart(error: unknown): unknown {
  if (error instanceof AtlasmtlError) return error;
  return new AtlasmtlError("IO", "the HDF5 library cannot start, most likely for want of memory", {
    hint: "raise the limit of address space (ulimit -v unlimited), which WebAssembly reserves and does not use",
    cause: error,
  });
}

async function load(): Promise<H5Module> {
  const restore = catchWarnings();
  try {
    loaded = await guardMemory(
      async () => (await import("#h5wasm")).ready,
      () => calls > 0,
    );
  } finally {
    restore();
  }
  catchStderr(fileSystem(loaded));
  // For an unknown format, the library searches for plugins, also in folders outside the package.
  while (loaded.get_plugin_search_paths().length > 0) loaded.remove_plugin_search_path(0);
  routeTargets(fileSystem(loaded));
  guardFiles(fileSystem(loaded), () => calls > 0);
  return loaded;
}

/**
 * While loading, the library stores the console's `error` function and uses it for warnings from then on. The
 * function that it stores keeps its warnings for the cause of an error, and passes on everything else.
 */
function catchWarnings(): () => void {
  const { console } = globalThis;
  const { error } = console;
  console.error = (...words: unknown[]) => {
    // A failed start is an error, which says the same.
    if (calls > 0 || loaded === null) noted = words.map(String).join(" ");
    else error.apply(console, words);
  };
  return () => {
    console.error = error;
  };
}

/** The loaded library. @throws BUG before {@link loadHdf5}. */
export function hdf5Library(): H5Module {
  if (loaded === null) throw new AtlasmtlError("BUG", "the HDF5 library is not loaded yet");
  return loaded;
}

/** Emscripten's file system of the loaded library. */
export function fileSystem(h5: H5Module = hdf5Library()): EmscriptenFs {
  return h5.FS as unknown as EmscriptenFs;
}

function catchStderr(fs: EmscriptenFs): void {
  const stderr = fs.getStream(2);
  if (stderr === null) return;
  const decoder = new TextDecoder();
  // Node's raw file system reads `node.mode` of a stream with custom operations: a character device.
  stderr.node ??= { mode: 0o020666 };
  stderr.stream_ops = {
    ...stderr.stream_ops,
    write(_stream: Stream, buffer: Uint8Array, offset: number, length: number): number {
      if (printed.length < MAX_MESSAGE)
        printed += decoder.decode(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).slice());
      return length;
    },
  };
}

/**
 * Runs `work` on the library and converts anything that it throws or prints to an error that says what
 * failed.
 * @throws `code` (BAD_FORMAT unless given).
 */
export function callHdf5<T>(what: string, work: () => T, code: ErrorCode = "BAD_FORMAT"): T {
  printed = "";
  noted = "";
  if (calls === 0) beginCall(code === "IO");
  calls++;
  let result: T;
  try {
    result = work();
  } catch (error) {
    if (error instanceof AtlasmtlError) throw error;
    checkGuard(what);
    const said = printed || noted;
    throw failure(what, code, said === "" ? error : new Error(said, { cause: error }));
  } finally {
    calls--;
  }
  checkGuard(what);
  if (printed !== "") throw failure(what, code, new Error(printed));
  return result;
}

/** If the guard refuses something, the library ignores it or reports a damaged file. */
function checkGuard(what: string): void {
  const path = refusedFile();
  // Without the other file, the library would omit data or return fill values.
  if (path !== null)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `${what}: the file refers to another one, ${path}, which is not opened`,
      {
        hint: "put everything into one file, in Python: anndata.read_h5ad(path).write_h5ad(new_path)",
      },
    );
  if (wasMemoryRefused())
    throw new AtlasmtlError("LIMIT", `${what}: it asks for more memory than a file of its size can need`, {
      hint: "the file is damaged; copy it again from its source",
    });
}

function failure(what: string, code: ErrorCode, cause: unknown): AtlasmtlError {
  return new AtlasmtlError(code, what, {
    hint:
      code === "IO"
        ? "check the free space and the permissions of the output folder"
        : "the file is damaged or incomplete; compare its size and checksum with the original, or copy it again",
    cause,
  });
}

/** Allocates `bytes` of the library's memory during `work`. @throws LIMIT if there is not enough. */
export function withMemory<T>(bytes: number, work: (address: number) => T): T {
  const h5 = hdf5Library();
  allowMemory(bytes);
  const address = bytes < h5.MAXIMUM_MEMORY ? h5._malloc(Math.max(bytes, 1)) : 0;
  if (address === 0)
    throw new AtlasmtlError("LIMIT", `one read of ${bytes} bytes does not fit the HDF5 library's memory`);
  try {
    return work(address);
  } finally {
    h5._free(address);
  }
}

/** The address of an object's header in its file. */
export function headerAddress(fileId: bigint, path: string): number {
  const reference: ArrayLike<number> = hdf5Library().create_object_reference(fileId, path);
  let result = 0;
  for (let i = 7; i >= 0; i--) result = result * 256 + reference[i];
  return result;
}
