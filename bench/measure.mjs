// What every benchmark here does alike: runs processes under GNU time, alternates, takes medians, writes results.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
export const RESULTS = join(here, "results");
export const CLI = join(here, "../dist/bin/main.js");

/** The middle value; of two, the lower. */
export function median(list) {
  return [...list].sort((a, b) => a - b)[(list.length - 1) >> 1];
}

/** Runs a process to its end: wall and CPU seconds, peak resident MiB, and what it printed, parsed when JSON. */
export function measure(command, args) {
  const load = loadavg()[0];
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync("/usr/bin/time", ["-v", command, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONWARNINGS: "ignore" },
  });
  const wall = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr}`);
  const field = (name) => Number(new RegExp(`${name}: ([0-9.]+)`).exec(stderr)[1]);
  const text = stdout.trim();
  return {
    wallSeconds: round(wall),
    cpuSeconds: round(field("User time \\(seconds\\)") + field("System time \\(seconds\\)")),
    peakMiB: Math.round(field("Maximum resident set size \\(kbytes\\)") / 1024),
    load: round(load),
    ...(text.startsWith("{") ? { printed: JSON.parse(text) } : {}),
  };
}

/** Runs every entry of `contenders` (name to function) once per round, in turn; all runs by name. */
export function alternate(rounds, contenders) {
  const names = Object.keys(contenders);
  const runs = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      const result = contenders[name]();
      runs[name].push(result);
      console.error(`round ${round + 1}/${rounds}  ${name}  ${JSON.stringify(result).slice(0, 160)}`);
    }
  return runs;
}

export function round(x) {
  return Number(x.toPrecision(4));
}

/** Writes results/NAME.json with the machine, the commit and the command. */
export function record(
  name,
  content,
  python,
  command = ["node", "bench/run.mjs", ...process.argv.slice(2)].join(" "),
) {
  const git = (...args) => execFileSync("git", args, { cwd: here, encoding: "utf8" }).trim();
  // What Python is not part of says nothing of it.
  const versions =
    python === null
      ? null
      : execFileSync(
          python,
          [
            "-c",
            "import sys, torch, sklearn, anndata, numpy;" +
              "print(sys.version.split()[0], torch.__version__, sklearn.__version__, anndata.__version__, numpy.__version__)",
          ],
          { encoding: "utf8", env: { ...process.env, PYTHONWARNINGS: "ignore" } },
        );
  const [py, torch, sklearn, anndata, numpy] = versions?.trim().split(" ") ?? [];
  const machine = {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()}`,
    node: process.version,
    ...(python === null ? {} : { python: { python: py, torch, sklearn, anndata, numpy } }),
  };
  const commit =
    git("rev-parse", "HEAD") + (git("status", "--porcelain", "--", "../src") === "" ? "" : " + changes");
  mkdirSync(RESULTS, { recursive: true });
  const text = JSON.stringify(
    { name, machine, commit, date: new Date().toISOString(), command, ...content },
    null,
    1,
  );
  writeFileSync(join(RESULTS, `${name}.json`), `${text}\n`);
}
