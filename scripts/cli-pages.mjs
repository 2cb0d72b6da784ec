// Writes a page of docs/cli for each command, from the help that the program prints: node scripts/cli-pages.mjs [--check]
// Run it after `npm run build`. With --check it writes nothing, and fails if a page is not what it would write.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../build/cli/program.js";

const folder = resolve(import.meta.dirname, "../docs/cli");
const REST = ["Options", "Global Options"];

const main = parse(await helpOf([]));
const commands = main.sections.get("Commands").filter(([usage]) => !usage.startsWith("help"));
const pages = new Map([["README.md", overview()]]);
for (const [usage] of commands) {
  const name = usage.split(" ")[0];
  pages.set(`${name}.md`, commandPage(name, parse(await helpOf([name]))));
}

if (process.argv.includes("--check")) {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const stale = [...new Set([...pages.keys(), ...there])].filter(
    (name) => !there.includes(name) || pages.get(name) !== readFileSync(join(folder, name), "utf8"),
  );
  if (stale.length > 0) {
    console.error(
      `docs/cli is not what the program says (${stale.join(", ")}): run "node scripts/cli-pages.mjs"`,
    );
    process.exitCode = 1;
  }
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}

/** What `atlasmtl … --help` prints on a terminal wide enough for every line. */
async function helpOf(words) {
  const { write, isTTY, columns } = process.stdout;
  let printed = "";
  Object.assign(process.stdout, { isTTY: true, columns: 10_000 });
  process.env.NO_COLOR = "1";
  process.stdout.write = (text) => {
    printed += text;
    return true;
  };
  try {
    await run([...words, "--help"], new AbortController().signal);
  } finally {
    Object.assign(process.stdout, { write, isTTY, columns });
  }
  return printed;
}

/** Usage, what it does, sections of pairs, examples and what stands below them. */
function parse(help) {
  const [usage, about, ...blocks] = help.trimEnd().split("\n\n");
  const parsed = { usage: usage.replace("Usage: ", ""), about, sections: new Map(), examples: "", below: [] };
  for (const block of blocks) {
    const [first, ...lines] = block.split("\n");
    if (!/^\S.*:$/.test(first)) parsed.below.push(block.replaceAll("\n", " "));
    else if (first === "Examples:") parsed.examples = lines.map((line) => line.slice(2)).join("\n");
    else if (!lines.every((line) => /^ {2}\S.*? {2,}\S/.test(line)))
      parsed.below.push(first, ["```text", ...lines.map((line) => line.slice(2)), "```"].join("\n"));
    else
      parsed.sections.set(
        first.slice(0, -1),
        lines.map((line) => line.trim().split(/ {2,}/)),
      );
  }
  return parsed;
}

function table(head, rows) {
  const cell = (text) => text.replaceAll("|", "\\|");
  return [
    `| ${head} | what it does |`,
    "| --- | --- |",
    ...rows.map(([name, text]) => `| \`${cell(name)}\` | ${cell(text)} |`),
  ].join("\n");
}

function overview() {
  const list = commands.map(([usage, text]) => {
    const name = usage.split(" ")[0];
    return `| [${name}](${name}.md) | ${text} |`;
  });
  return `${[
    "# Commands",
    "Every command and option of `atlasmtl`, as `--help` prints them. [How commands, settings, errors and exit codes work](../specification/6-cli.md).",
    ["| command | what it does |", "| --- | --- |", ...list].join("\n"),
    "## Options of every command",
    table("option", main.sections.get("Every command")),
    ...main.below,
    "`node scripts/cli-pages.mjs` writes these pages from the program.",
  ].join("\n\n")}\n`;
}

function commandPage(name, { usage, about, sections, examples, below }) {
  const parts = [
    `# atlasmtl ${name}`,
    `${about[0].toUpperCase()}${about.slice(1)}.`,
    ["```text", usage, "```"].join("\n"),
  ];
  if (examples !== "") parts.push(["```text", examples, "```"].join("\n"));
  parts.push(...below);
  for (const [title, rows] of sections)
    if (!REST.includes(title))
      parts.push(`## ${title}`, table(title === "Arguments" ? "argument" : "option", rows));
  parts.push("[Options of every command](README.md#options-of-every-command)");
  return `${parts.join("\n\n")}\n`;
}
