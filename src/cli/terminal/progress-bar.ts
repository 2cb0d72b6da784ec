/** Progress bars on stderr. @module */
import { SingleBar } from "cli-progress";
import type { Progress } from "../../api/index.ts";
import type { CommonOptions } from "./print.ts";

export interface ProgressDisplay {
  readonly report: (progress: Progress) => void;
  /** Takes the bar off the line; call before anything else is printed. */
  stop(): void;
}

/** Seconds between two reports of the same phase when stderr is not a terminal. */
const PLAIN_INTERVAL_SECONDS = 2;

/** Shown when stderr is a terminal, or when `--progress` says so; plain lines where it is no terminal. */
export function createProgress(options: CommonOptions): ProgressDisplay {
  const isTerminal = process.stderr.isTTY === true;
  if (options.quiet || !(options.progress ?? isTerminal)) return { report() {}, stop() {} };
  return isTerminal ? bars() : lines();
}

function bars(): ProgressDisplay {
  let bar: SingleBar | null = null;
  let phase = "";
  let figures = "";
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    report(progress) {
      const shown = doneText(progress);
      // Losses come at the end of an epoch and stay until the next.
      if (progress.figures !== undefined || phase !== progress.phase) figures = figuresText(progress);
      if (bar === null || phase !== progress.phase) {
        stop();
        phase = progress.phase;
        bar = new SingleBar({
          format: "{phase} {bar} {shown}/{total}  {figures}  {eta_formatted} left",
          barsize: 24,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
          gracefulExit: false,
          etaBuffer: 20,
        });
        bar.start(progress.total, progress.done, { phase, figures, shown });
      } else bar.update(progress.done, { figures, shown });
    },
    stop,
  };
}

function lines(): ProgressDisplay {
  let phase = "";
  let last = 0;
  return {
    report(progress) {
      const now = performance.now() / 1000;
      const isEdge = progress.phase !== phase || progress.done >= progress.total;
      if (!isEdge && now - last < PLAIN_INTERVAL_SECONDS) return;
      phase = progress.phase;
      last = now;
      const figures = figuresText(progress);
      process.stderr.write(
        `${progress.phase} ${doneText(progress)}/${progress.total}${figures === "" ? "" : `  ${figures}`}\n`,
      );
    },
    stop() {},
  };
}

/** Epochs are reported in parts of one. */
function doneText({ done }: Progress): string {
  return Number.isInteger(done) ? String(done) : done.toFixed(1);
}

function figuresText({ figures = {} }: Progress): string {
  return Object.entries(figures)
    .map(
      ([name, value]) =>
        `${name.replaceAll("_", " ")} ${Math.abs(value) >= 100 ? Math.round(value) : value.toPrecision(3)}`,
    )
    .join("  ");
}
