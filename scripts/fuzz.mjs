/**
 * Damages whole files and opens them: `npm run fuzz -- --seconds 60`. Needs a build.
 *
 * A finding is an error that is none of ours, a hang, or memory that grows beyond bounds. The work is done in a
 * process of its own, which is started anew after a crash or a hang. `--seed S --index I` does one input again, and
 * `--target NAME --input FILE` a saved one.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom, mutate } from "./fuzz/mutate.mjs";

/** Processor time of one input, and what its memory may grow by. */
const MAX_CPU_SECONDS = 1;
const MAX_GROWTH = 300e6;
/** Without a sign of life for so long, the process hangs. */
const HANG_MS = 20_000;
/** It trains a model before its first input, which takes longer on a busy machine. */
const LOADING_MS = 60_000;
/** Each process does so many inputs, that its memory starts small again. */
const BATCH = 20_000;
const PROGRESS_FD = 3;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    executions: { type: "string", default: "Infinity" },
    index: { type: "string" },
    from: { type: "string", default: "0" },
    target: { type: "string" },
    input: { type: "string" },
    child: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
if (values.input !== undefined) values.index = "0";

if (values.child) await work();
else await supervise();

/** Does inputs from an index on and reports each before it begins. */
async function work() {
  const { createTargets } = await import("./fuzz/targets.mjs");
  const { isAtlasmtlError } = await import(new URL("../build/errors.js", import.meta.url).href);
  const all = await createTargets();
  const targets = values.target === undefined ? all : all.filter(({ name }) => name === values.target);
  const end = performance.now() + 1000 * Number(values.seconds);
  const first = Number(values.index ?? values.from);
  const last = values.index === undefined ? Math.min(first + BATCH, Number(values.executions)) : first + 1;
  const say = (message) => writeSync(PROGRESS_FD, `${JSON.stringify(message)}\n`);
  const counts = {};
  for (let index = first; index < last && performance.now() < end; index++) {
    const random = createRandom(seed, index);
    const target = random.pick(targets);
    const damaged = mutate(random.pick(target.seeds), random, random.pick(target.seeds));
    const input = values.input === undefined ? damaged : new Uint8Array(readFileSync(values.input));
    say({ index, target: target.name });
    const cpu = process.cpuUsage();
    const rss = process.memoryUsage.rss();
    const peak = process.resourceUsage().maxRSS * 1024;
    let outcome = "opened";
    let problem = null;
    try {
      await target.run(input, random);
    } catch (error) {
      outcome = isAtlasmtlError(error) ? error.code : "other";
      if (!isAtlasmtlError(error) || error.code === "BUG")
        problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (user + system) / 1e6;
    const newPeak = process.resourceUsage().maxRSS * 1024;
    if (problem === null && seconds > MAX_CPU_SECONDS) problem = `${seconds.toFixed(1)} s of processor time`;
    if (problem === null && newPeak > peak && newPeak - rss > MAX_GROWTH)
      problem = `${Math.round((newPeak - rss) / 1e6)} MB more memory`;
    counts[target.name] = { ...counts[target.name], [outcome]: (counts[target.name]?.[outcome] ?? 0) + 1 };
    if (problem !== null) say({ index, target: target.name, problem, input: save(index, input) });
    if (values.index !== undefined)
      console.log(target.name, outcome, `${seconds.toFixed(2)} s`, problem ?? "");
  }
  say({ counts });
}

function save(index, input) {
  const folder = join(tmpdir(), "atlasmtl-fuzz");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed${seed}-${index}.bin`);
  writeFileSync(path, input);
  return path;
}

/** Runs workers until the time is up and reports. */
async function supervise() {
  const end = performance.now() + 1000 * Number(values.seconds);
  const executions = Number(values.executions);
  let next = Number(values.index ?? values.from);
  let done = 0;
  const findings = [];
  const outcomes = {};
  while (performance.now() < end && done < executions) {
    const left = Math.ceil((end - performance.now()) / 1000);
    const { lastIndex, target, messages, isClean, ending, nDone } = await runWorker(next, left);
    done += nDone;
    for (const message of messages) {
      if (message.problem !== undefined) findings.push(message);
      for (const [name, counts] of Object.entries(message.counts ?? {}))
        for (const [code, n] of Object.entries(counts))
          outcomes[name] = { ...outcomes[name], [code]: (outcomes[name]?.[code] ?? 0) + n };
    }
    if (!isClean) findings.push({ index: lastIndex, target, problem: `the process ended: ${ending}` });
    next = lastIndex + 1;
    if (values.index !== undefined || nDone === 0) break;
  }
  for (const { index, target, problem, input } of findings)
    console.log(
      `finding: ${target}, --seed ${seed} --index ${index}${input ? `, ${input}` : ""}\n${problem}\n`,
    );
  for (const [name, counts] of Object.entries(outcomes).sort()) {
    const each = Object.entries(counts).sort(([, a], [, b]) => b - a);
    const sum = each.reduce((n, [, count]) => n + count, 0);
    console.log(`${name}: ${sum}, ${each.map(([code, count]) => `${code} ${count}`).join(", ")}`);
  }
  console.log(`${done} executions, ${findings.length} findings, seed ${seed}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}

function runWorker(from, seconds) {
  const script = fileURLToPath(import.meta.url);
  const words = ["--child", "--from", String(from), "--seed", String(seed), "--seconds", String(seconds)];
  for (const name of ["index", "executions", "target", "input"])
    if (values[name] !== undefined && values[name] !== "Infinity") words.push(`--${name}`, values[name]);
  const child = spawn(process.execPath, ["--max-old-space-size=1024", script, ...words], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  return new Promise((resolve) => {
    const messages = [];
    let current = { index: from - 1, target: "loading" };
    let nDone = 0;
    let rest = "";
    let isHung = false;
    let isFinished = false;
    let watchdog;
    const watch = (limit) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => {
        isHung = true;
        child.kill("SIGKILL");
      }, limit);
    };
    watch(LOADING_MS);
    child.stdio[PROGRESS_FD].setEncoding("utf8").on("data", (text) => {
      watch(HANG_MS);
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const message = JSON.parse(line);
        if (message.counts !== undefined) isFinished = true;
        if (message.problem !== undefined || message.counts !== undefined) messages.push(message);
        else {
          current = message;
          nDone++;
        }
      }
    });
    child.on("close", (code, signal) => {
      clearTimeout(watchdog);
      const ending = isHung ? `no sign of life for ${HANG_MS / 1000} s` : `code ${code}, signal ${signal}`;
      resolve({
        lastIndex: current.index,
        target: current.target,
        messages,
        isClean: isFinished && code === 0,
        ending,
        nDone,
      });
    });
  });
}
