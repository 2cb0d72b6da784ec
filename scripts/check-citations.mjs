// Holds what the text of the repository refers to: a cited page or heading of the specification exists, a relative
// link in Markdown leads to a file and a heading, and nothing cites sections by numbers.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { anchorOf } from "./heading-anchor.mjs";

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const FOLDERS = ["src", "test", "bench", "docs", "scripts"];
const TEXT = /\.(ts|mjs|js|py|md|html|ya?ml)$|^package\.json$/;
// Two files hold examples of what is wrong; docs/api is made from the sources.
const SKIPPED =
  /^scripts\/check-citations\.mjs$|^test\/citations\.test\.ts$|^src\/preprocess\/gene-tables\/|^docs\/api\/|\/node_modules\//;

const files = [
  ...readdirSync(root),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map(
      (file) => `${folder}/${file.replaceAll("\\", "/")}`,
    ),
  ),
].filter((file) => TEXT.test(file) && !SKIPPED.test(file) && statSync(join(root, file)).isFile());
const read = (file) => readFileSync(join(root, file), "utf8");

/** The numbers of the decision records. */
const records = new Set(
  readdirSync(join(root, "docs/decisions")).flatMap((file) =>
    /^\d{4}-/.test(file) ? [Number(file.slice(0, 4))] : [],
  ),
);

/** The anchors of a Markdown file, as GitHub makes them of headings. */
const anchorsOf = (() => {
  const known = new Map();
  return (file) => {
    if (known.has(file)) return known.get(file);
    const anchors = new Set();
    const seen = new Map();
    for (const [, heading] of withoutCode(read(file)).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
      const slug = anchorOf(heading);
      const n = seen.get(slug) ?? 0;
      seen.set(slug, n + 1);
      anchors.add(n === 0 ? slug : `${slug}-${n}`);
    }
    known.set(file, anchors);
    return anchors;
  };
})();

/** Fenced blocks hold examples; their lines stay, empty, so that numbers of lines are right. */
function withoutCode(text) {
  return text.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^ *\2[^\n]*$/gm, (block) =>
    block.replace(/[^\n]/g, ""),
  );
}

const findings = [];
const tell = (file, text, index, message) =>
  findings.push(`${file}:${text.slice(0, index).split("\n").length}: ${message}`);

/** Says what is wrong with a link from the root to `path` and, where it is given, `anchor`. */
function wrongTarget(path, anchor) {
  const target = join(root, path);
  if (!existsSync(target)) return `there is no ${path}`;
  if (anchor === undefined) return null;
  if (!statSync(target).isFile() || !path.endsWith(".md")) return `${path} has no headings`;
  return anchorsOf(path).has(anchor) ? null : `${path} has no heading #${anchor}`;
}

for (const file of files) {
  const text = read(file);
  // A citation may stand in any text: docs/specification/PAGE.md, with a heading or without.
  for (const match of text.matchAll(/(?<![\w/.])docs\/specification(?:\/([\w.-]*\w))?(?:#([\w-]+))?/g)) {
    const [, page, anchor] = match;
    const wrong = wrongTarget(
      page === undefined ? "docs/specification" : `docs/specification/${page}`,
      anchor,
    );
    if (wrong !== null) tell(file, text, match.index, `cites what is not there: ${wrong}`);
  }
  for (const match of text.matchAll(/\bdecision records? (\d+)(?: and (\d+))?/gi))
    for (const number of match.slice(1))
      if (number !== undefined && !records.has(Number(number)))
        tell(file, text, match.index, `there is no decision record ${number}`);
  for (const match of text.matchAll(/\bcontracts?\s+(?:\*\s+)?\d|§\s*\d/gi))
    tell(
      file,
      text,
      match.index,
      `cites by number: ${JSON.stringify(match[0])}; name docs/specification/PAGE.md#HEADING`,
    );
  if (!file.endsWith(".md")) continue;
  const prose = withoutCode(text);
  for (const match of prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s+(\S+)/gm)) {
    const link = match[1] ?? match[2];
    if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link)) continue;
    const [path, anchor] = link.split("#");
    const target = path === "" ? file : normalize(join(dirname(file), decodeURIComponent(path)));
    const wrong = target.startsWith("..")
      ? `${target} is outside the repository`
      : wrongTarget(target, anchor);
    if (wrong !== null) tell(file, prose, match.index, `dead link ${link}: ${wrong}`);
  }
}

if (findings.length > 0) {
  console.error(`${findings.join("\n")}\n${findings.length} citations or links lead nowhere`);
  process.exitCode = 1;
}
