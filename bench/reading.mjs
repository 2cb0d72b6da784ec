// What reading a CSR matrix by threads costs, and a replay of it for more cores: node bench/reading.mjs QUERY.h5ad [--tasks 60]
// [--consumer SECONDS_PER_MILLION_ENTRIES]. Needs a build. It makes the rows of the first tasks in this thread and takes the processor
// time of each; what the main thread does with a task is the time to cut and pass on its blocks, plus --consumer. Then it
// simulates n threads: tasks are given out and taken in order, two a thread are asked for ahead, as src/core/thread-pool.ts does.
import { closeSync, openSync, readSync } from "node:fs";
import { parseArgs } from "node:util";
import { inflateSync } from "node:zlib";
import { makeRows } from "../build/anndata/read/rows-thread.js";
import { loadHdf5 } from "../build/formats/hdf5/library.js";
import { openHdf5 } from "../build/formats/hdf5/open.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tasks: { type: "string", default: "60" }, consumer: { type: "string", default: "0" } },
});
const ENTRIES = 1 << 20;
const AHEAD = 2;

const path = positionals[0];
await loadHdf5();
const file = await openHdf5(path);
const [indptr, indices, data] = [
  await (await file.open("X/indptr")).readNumbers(),
  (await file.open("X/indices")).storedChunks(),
  (await file.open("X/data")).storedChunks(),
];
const nCols = Number((await file.open("X")).attribute("shape")[1]);
const starts = Float64Array.from(indptr, Number);

const fd = openSync(path, "r");
const files = {
  read(_path, at, length) {
    const bytes = new Uint8Array(length);
    readSync(fd, bytes, 0, length, at);
    return bytes;
  },
  inflate: (bytes, size) => inflateSync(bytes, { maxOutputLength: size, chunkSize: size + 64 }),
};

function partOf(chunks, from, to) {
  const [firstChunk, end] = [Math.floor(from / chunks.chunkLength), Math.ceil(to / chunks.chunkLength)];
  const some = (list) => list.slice(firstChunk, end);
  const places = { at: some(chunks.at), bytes: some(chunks.bytes), skipped: some(chunks.skipped) };
  return { ...chunks, ...places, from, to, firstChunk };
}

/** Processor time of this process while `work` runs, in seconds. */
function costOf(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const costs = [];
let memory = [];
for (let row = 0; row < starts.length - 1 && costs.length < Number(values.tasks); ) {
  let end = row;
  while (end < starts.length - 1 && starts[end] - starts[row] < ENTRIES) end++;
  const [from, to] = [starts[row], starts[end]];
  const task = {
    id: 0,
    nCols,
    starts: starts.slice(row, end + 1).map((at) => at - from),
    columns: partOf(indices, from, to),
    values: partOf(data, from, to),
    memory,
  };
  let made = null;
  const make = costOf(() => makeRows(task, ({ result }) => (made = result), files));
  if (made === null) throw new Error(`rows ${row} to ${end} cannot be made`);
  const local = made.indptr;
  const pass = costOf(() => {
    for (let r = 0; r < local.length - 1; r += 160) local.slice(r, r + 161).map((at) => at - local[r]);
  });
  costs.push({ entries: to - from, make, take: pass + (Number(values.consumer) * (to - from)) / 1e6 });
  memory = [made.indices.buffer, made.data.buffer];
  row = end;
}
closeSync(fd);
await file.close();

/** When the last task has been taken. */
function replay(numThreads, tasks) {
  const free = new Array(numThreads).fill(0);
  const ready = [];
  let taken = 0;
  let sent = 0;
  for (let next = 0; next < tasks.length; next++) {
    while (sent < tasks.length && sent - next < AHEAD * numThreads) {
      const thread = free.indexOf(Math.min(...free));
      free[thread] = Math.max(free[thread], taken) + tasks[sent].make;
      ready[sent++] = free[thread];
    }
    taken = Math.max(taken, ready[next]) + tasks[next].take;
  }
  return taken;
}

const total = (key) => costs.reduce((sum, task) => sum + task[key], 0);
const alone = total("make") + total("take");
const perMillion = (seconds) => Number(((seconds * 1e6) / total("entries")).toPrecision(3));
console.log(
  JSON.stringify({
    tasks: costs.length,
    makeSecondsPerMillionEntries: perMillion(total("make")),
    takeSecondsPerMillionEntries: perMillion(total("take")),
    serialShare: Number((total("take") / alone).toPrecision(3)),
    simulatedSpeedUp: Object.fromEntries(
      // Enough tasks that the start and the end of the run do not count.
      [1, 2, 4, 8, 16, 32].map((n) => {
        const many = Array.from({ length: 2000 }, (_, i) => costs[i % costs.length]);
        const work = many.reduce((sum, { make, take }) => sum + make + take, 0);
        return [n, Number((work / replay(n, many)).toPrecision(3))];
      }),
    ),
  }),
);
