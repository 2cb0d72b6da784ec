// The recommendation in words. Every number and every choice in it is computed from the measured rows.

/** Scores that differ by less count as equal. */
const CLOSE = 0.01;

/**
 * A task is `{ name, rows }`; a row `{ preset, storage, mode, bytes, loadSeconds, peakBytes, scores }`, scores from the
 * coarsest to the finest level.
 */
export function recommendation(tasks) {
  return `## Recommendation

Over ${tasks.length} tasks. Accuracy and macro F1 are those of the finest level; ranges are over the tasks.

${[presetWords(tasks), storageWords(tasks), modeWords(tasks)].join("\n")}
`;
}

const PRESETS = ["small", "default", "large"];
const FINEST = ["accuracy", "macroF1"];

const rowsOf = (task, wanted) =>
  task.rows.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
const finest = (row, measure) => row.scores.at(-1)[measure];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Differences between two kinds of rows, task by task. */
function differences(tasks, from, to, read) {
  return tasks.flatMap((task) => rowsOf(task, from).map((row, i) => read(rowsOf(task, to)[i]) - read(row)));
}

function presetWords(tasks) {
  const usual = { storage: "external", mode: "full" };
  const level = (preset) =>
    mean(
      tasks.flatMap((task) =>
        rowsOf(task, { ...usual, preset }).flatMap((row) => FINEST.map((m) => finest(row, m))),
      ),
    );
  const best = Math.max(...PRESETS.map(level));
  const chosen = PRESETS.find((preset) => level(preset) >= best - CLOSE);
  const others = PRESETS.filter((preset) => preset !== chosen).map((preset) => {
    const [from, to] = [
      { ...usual, preset: chosen },
      { ...usual, preset },
    ];
    const scores = FINEST.map((m) =>
      range(
        differences(tasks, from, to, (row) => finest(row, m)),
        signed,
      ),
    );
    const sizes = tasks.map((task) => rowsOf(task, to)[0].bytes / rowsOf(task, from)[0].bytes);
    return `\`${preset}\` differs by ${scores[0]} in accuracy and ${scores[1]} in macro F1, and takes ${range(sizes, times)} the bytes on disk`;
  });
  return `- **Preset: \`${chosen}\`**, the smallest preset whose mean of both scores is within ${CLOSE} of the best. Compared with it, ${others.join("; ")}.`;
}

function storageWords(tasks) {
  const from = { storage: "external", mode: "full" };
  const changes = ["external, gzip", "full"].flatMap((storage) =>
    differences(tasks, from, { ...from, storage }, (row) => finest(row, "accuracy")),
  );
  const same = changes.every((value) => value === 0);
  const saved = (storage) =>
    tasks.flatMap((task) =>
      rowsOf(task, from).map((row, i) => 1 - rowsOf(task, { ...from, storage })[i].bytes / row.bytes),
    );
  const slower = differences(tasks, from, { ...from, storage: "external, gzip" }, (row) => row.loadSeconds);
  return `- **Storage** ${same ? "changes no score" : `changes accuracy by ${range(changes, signed)}`}. Compared with \`external\`, gzip (\`--reference-path reference.pkl.gz\`) saves ${range(saved("external, gzip"), percent)} of the disk space and changes the load time by ${range(slower, seconds)} (median ${seconds(median(slower))}); \`full\` saves ${range(saved("full"), percent)}.`;
}

function modeWords(tasks) {
  const [from, to] = [
    { storage: "external", mode: "full" },
    { storage: "external", mode: "prototypes" },
  ];
  const [accuracy, f1] = FINEST.map((m) => differences(tasks, from, to, (row) => finest(row, m)));
  const memory = differences(tasks, from, to, (row) => row.peakBytes / 1e6);
  const chosen = mean([...accuracy, ...f1]) > CLOSE ? "prototypes" : "full";
  return `- **Reference mode: \`${chosen}\`.** \`prototypes\` compared with \`full\`, over all presets: ${range(accuracy, signed)} accuracy, ${range(f1, signed)} macro F1, ${range(memory, (value) => `${signedNumber(value, 0)} MB`)} memory (median ${signedNumber(median(memory), 0)} MB).`;
}

const signedNumber = (value, digits) => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
};
const signed = (value) => signedNumber(value, 3).replace("0.", ".");
const percent = (value) => `${Math.round(100 * value)} %`;
const seconds = (value) => `${signedNumber(value, 2)} s`;
const times = (value) => `${value.toFixed(1)} times`;
const median = (list) => [...list].sort((a, b) => a - b)[(list.length - 1) >> 1];

/** `a to b`, or one of them where both read the same. */
function range(values, show) {
  const [low, high] = [show(Math.min(...values)), show(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}
