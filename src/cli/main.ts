#!/usr/bin/env node
/**
 * The `atlasmtl` program. Everything but the version is loaded on first use, so that `atlasmtl --version`, which scripts call
 * often, costs little more than Node.
 * @module
 */
import { VERSION } from "../api/version.ts";
import type { Failure } from "./terminal/show-error.ts";

const SHOW_CURSOR = "\u001b[?25h";

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.on("error", async (error) => (await loadProgram()).stdoutFailed(error));
  process.stdout.write(`${VERSION}\n`);
} else await runProgram();

async function loadProgram() {
  const [errors, { run }, print, shown] = await Promise.all([
    import("../api/errors.ts"),
    import("./program.ts"),
    import("./terminal/print.ts"),
    import("./terminal/show-error.ts"),
  ]);
  const fail = (error: unknown): Failure => {
    const failure = shown.describeFailure(error, "atlasmtl");
    print.printFailure(failure);
    return failure;
  };
  const stdoutFailed = (error: Error): never => {
    // A reader that closes the pipe, such as `head`, is no error.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
    process.exit(fail(errors.asFileError(error, "standard output", "write")).exitCode);
  };
  return { ...errors, ...print, ...shown, run, fail, stdoutFailed };
}

async function runProgram(): Promise<void> {
  const { AtlasmtlError, EXIT_INTERRUPTED, failureJson, printJson, run, fail, stdoutFailed } =
    await loadProgram();
  const controller = new AbortController();
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      controller.abort(new AtlasmtlError("ABORTED", "interrupted"));
      return;
    }
    // The second Ctrl-C ends the program without waiting for the work to stop.
    if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
    process.exit(EXIT_INTERRUPTED);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // With a handler, a file beyond `ulimit -f` is an error of the write instead of the end of the process.
  if (process.platform !== "win32") process.on("SIGXFSZ", () => {});
  let hasEnded = false;
  process.on("uncaughtException", (error) => {
    const failure = fail(error);
    if (argv.includes("--json") && !hasEnded) printJson(failureJson(failure));
    process.stdout.write("", () => process.exit(failure.exitCode));
  });
  process.stdout.on("error", stdoutFailed);
  // The work goes on if stderr cannot be written.
  process.stderr.on("error", () => undefined);

  const exitCode = await run(argv, controller.signal);
  hasEnded = true;
  // Exit even if abandoned work, such as hashing an input, still runs, but only after all output is written.
  process.stdout.write("", (error) => {
    // `error` may be that of an earlier write, and comes before its `error` event.
    if (error) stdoutFailed(error);
    process.stderr.write("", () => process.exit(exitCode));
  });
}
