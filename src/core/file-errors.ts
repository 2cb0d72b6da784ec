/** Converts errors of the operating system to {@link AtlasmtlError}s. @module */
import { AtlasmtlError } from "../errors.ts";

const REASONS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  EACCES: ["permission denied", "check the permissions of the folder, or write elsewhere"],
  EPERM: ["the system does not permit it", "check the permissions of the folder, or write elsewhere"],
  EROFS: ["the file system is read-only", "write to another folder"],
  ENOSPC: ["the disk is full", "free some space or write to another disk"],
  EDQUOT: ["the disk quota is used up", "free some space or write to another disk"],
  EFBIG: [
    "the file would exceed the size limit of this process or disk",
    "raise the limit (ulimit -f) or write elsewhere",
  ],
  ENOENT: ["the folder does not exist and cannot be made", "write to another folder"],
  ENOTDIR: ["a file stands where a folder is needed", "choose another output path"],
  EEXIST: ["a file stands where a folder is needed", "choose another output path"],
  EISDIR: ["a folder stands where a file is needed", "choose another path"],
  ELOOP: ["its symbolic links lead in a circle", "remove the links or choose another path"],
  EMFILE: ["too many open files", "raise the limit (ulimit -n)"],
};

/** The operating system's code of an error, such as `ENOENT`; null for any other error. */
export function systemCode(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : null;
}

/** True for the error of an allocation that the machine cannot give. */
export function isFullMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocat|array length|out of memory/i.test(error.message);
}

/** Converts an error of the operating system; returns other errors unchanged. */
export function asFileError(error: unknown, path: string, doing: "read" | "write"): unknown {
  const code = systemCode(error);
  if (error instanceof AtlasmtlError || code === null) return error;
  if (code === "ENOENT" && doing === "read")
    return new AtlasmtlError("NOT_FOUND", "no such file", {
      where: path,
      hint: "check the path",
      cause: error,
    });
  const [reason, hint] = REASONS[code] ?? [code, undefined];
  return new AtlasmtlError("IO", `cannot ${doing} the file: ${reason}`, {
    where: path,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
