#!/usr/bin/env node
/** The `atlasmtl` program. @module */
import { AtlasmtlError } from "../api/errors.ts";
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
process.on("uncaughtException", (error) => {
  const failure = describeFailure(error, "atlasmtl");
  printFailure(failure);
  process.exit(failure.exitCode);
});
// A reader such as `head` that has seen enough is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const exitCode = await run(process.argv.slice(2), controller.signal);
// Work that was given up, such as hashing an input, must not keep the process; what was printed must get out.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
