#!/usr/bin/env node
/** The `atlasmtl` program. @module */
import { AtlasmtlError, asFileError } from "../api/errors.ts";
import { run } from "./program.ts";
import { failureJson, printFailure, printJson } from "./terminal/print.ts";
import { describeFailure, EXIT_INTERRUPTED, type Failure } from "./terminal/show-error.ts";

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
const argv = process.argv.slice(2);
let hasEnded = false;
const fail = (error: unknown): Failure => {
  const failure = describeFailure(error, "atlasmtl");
  printFailure(failure);
  return failure;
};
process.on("uncaughtException", (error) => {
  const failure = fail(error);
  if (argv.includes("--json") && !hasEnded) printJson(failureJson(failure));
  process.stdout.write("", () => process.exit(failure.exitCode));
});
const stdoutFailed = (error: Error): never => {
  // A reader such as `head` that has seen enough is no error.
  if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
  process.exit(fail(asFileError(error, "standard output", "write")).exitCode);
};
process.stdout.on("error", stdoutFailed);
// What nobody can read is no reason to give up the work.
process.stderr.on("error", () => undefined);

const exitCode = await run(argv, controller.signal);
hasEnded = true;
// Work that was given up, such as hashing an input, must not keep the process; what was printed must get out.
process.stdout.write("", (error) => {
  // It also has the error of an earlier write, which is reported before the event of it.
  if (error) stdoutFailed(error);
  process.stderr.write("", () => process.exit(exitCode));
});
