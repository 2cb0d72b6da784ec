#!/usr/bin/env node
/** The `atlasmtl` program. @module */
import { AtlasmtlError, asFileError } from "../api/errors.ts";
import { run } from "./program.ts";
import { printFailure } from "./terminal/print.ts";
import { describeFailure, EXIT_INTERRUPTED } from "./terminal/show-error.ts";

const SHOW_CURSOR = "\u001b[?25h";

const controller = new AbortController();
const interrupt = (): void => {
  if (!controller.signal.aborted) {
    controller.abort(new AtlasmtlError("ABORTED", "interrupted"));
    return;
  }
  // The second time the user does not want to wait for the work to stop in good order.
  if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
  process.exit(EXIT_INTERRUPTED);
};
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
// With a handler, a file beyond `ulimit -f` is an error of the write instead of the end of the process.
if (process.platform !== "win32") process.on("SIGXFSZ", () => {});
const fail = (error: unknown): never => {
  const failure = describeFailure(error, "atlasmtl");
  printFailure(failure);
  process.exit(failure.exitCode);
};
process.on("uncaughtException", fail);
const stdoutFailed = (error: Error): never => {
  // A reader such as `head` that has seen enough is no error.
  if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
  return fail(asFileError(error, "standard output", "write"));
};
process.stdout.on("error", stdoutFailed);
// What nobody can read is no reason to give up the work.
process.stderr.on("error", () => undefined);

const exitCode = await run(process.argv.slice(2), controller.signal);
// Work that was given up, such as hashing an input, must not keep the process; what was printed must get out.
process.stdout.write("", (error) => {
  // It also has the error of an earlier write, which is reported before the event of it.
  if (error) stdoutFailed(error);
  process.stderr.write("", () => process.exit(exitCode));
});
