/** Progress on stderr: a bar in a terminal, lines elsewhere. @module */

import { type Options, type Params, SingleBar } from "cli-progress";
import type { Progress } from "../../api/index.ts";
import { type CommonOptions, duration } from "./print.ts";
import { printable } from "./printable.ts";

export interface ProgressDisplay {
  readonly report: (progress: Progress) => void;
  /** Clears the bar; call it before printing anything else. */
  stop(): void;
}

/** When a line follows another one of the same phase. */
interface Pace {
  readonly seconds: number;
  /** Share of the phase that must be done since the last line. */
  readonly share: number;
  /** Whether the beginning and the end of a phase get a line, too. */
  readonly hasEdges: boolean;
}

/** With `--progress` and without a terminal. */
const ASKED: Pace = { seconds: 2, share: 0, hasEdges: true };
/** Where stderr is a file or a log: only long work prints lines. */
const UNASKED: Pace = { seconds: 30, share: 0.01, hasEdges: false };

/** `now` gives the seconds since any moment. */
export function createProgress(
  options: CommonOptions,
  now: () => number = () => performance.now() / 1000,
): ProgressDisplay {
  const isTerminal = process.stderr.isTTY === true;
  if (options.quiet || options.progress === false) return { report() {}, stop() {} };
  if (isTerminal) return bars();
  return lines(options.progress === true ? ASKED : UNASKED, now);
}

function bars(): ProgressDisplay {
  let bar: SingleBar | null = null;
  let shown: Progress | null = null;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  const format = (_options: Options, { eta }: Params): string =>
    shown === null
      ? ""
      : progressLine(shown, Number.isFinite(eta) ? Number(eta) : null, process.stderr.columns ?? 80);
  return {
    report(progress) {
      const isNew = bar === null || shown?.phase !== progress.phase;
      // Losses are reported at the end of an epoch and shown until the next.
      const { figures = isNew ? undefined : shown?.figures } = progress;
      shown = { ...progress, ...(figures === undefined ? {} : { figures }) };
      if (!isNew) {
        bar?.update(progress.done);
        return;
      }
      stop();
      bar = new SingleBar({
        format,
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        gracefulExit: false,
        etaBuffer: 20,
      });
      bar.start(progress.total, progress.done);
    },
    stop,
  };
}

/** Width of the bar by the columns of the terminal. */
const barWidth = (columns: number): number => (columns < 72 ? 4 : columns < 100 ? 10 : 24);

/**
 * One line of fewer than `columns` characters: what is done, a bar and the time left, then as many figures as there is
 * room for.
 */
export function progressLine(progress: Progress, secondsLeft: number | null, columns: number): string {
  const width = barWidth(columns);
  const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 1;
  const full = Math.round(share * width);
  const bar = "█".repeat(full) + "░".repeat(width - full);
  const left = secondsLeft === null ? "" : `  ${wholeSeconds(secondsLeft)} left`;
  let line = `${labelOf(progress)} ${bar} ${doneText(progress)}/${progress.total}${left}`;
  for (const figure of figureTexts(progress))
    if (line.length + figure.length + 2 < columns) line += `  ${figure}`;
    else break;
  return line.slice(0, columns - 1);
}

function lines(pace: Pace, now: () => number): ProgressDisplay {
  let phase: string | null = null;
  let last = { at: now(), share: 0 };
  return {
    report(progress) {
      const share = progress.total > 0 ? progress.done / progress.total : 1;
      const isNew = progress.phase !== phase;
      phase = progress.phase;
      if (isNew) last = { at: last.at, share: 0 };
      const isEdge = pace.hasEdges && (isNew || share >= 1);
      const isDue = now() - last.at >= pace.seconds && share - last.share >= pace.share;
      if (!isEdge && !isDue) return;
      last = { at: now(), share };
      const parts = [
        `${labelOf(progress)} ${doneText(progress)}/${progress.total}`,
        ...figureTexts(progress),
      ];
      process.stderr.write(`${parts.join("  ")}\n`);
    },
    stop() {},
  };
}

function wholeSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : duration(whole);
}

function labelOf({ phase, part }: Progress): string {
  return printable(part === undefined ? phase : `${phase} ${part}`);
}

/** Epochs are reported in parts of one. */
function doneText({ done }: Progress): string {
  return Number.isInteger(done) ? String(done) : done.toFixed(1);
}

function figureTexts({ figures = {} }: Progress): string[] {
  return Object.entries(figures).map(
    ([name, value]) =>
      `${name.replaceAll("_", " ")} ${Math.abs(value) >= 100 ? Math.round(value) : value.toPrecision(3)}`,
  );
}
