// VitePress builds a site for one path of one host. This makes the built folder run under any: node tools/anywhere.mjs FOLDER.
// Pages get relative addresses, which work without scripts; scripts learn from the page where the site stands.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The path that `.vitepress/config.ts` builds for. */
const BASE = "/__site__/";

/** A literal that starts with the path, and the search index, a JSON text that holds it. */
const LITERAL = /(["'`])\/__site__\/([^"'`\\$]*)\1/g;
const INDEX = /^(const \w+='\{"documentCount".*')(;export)/s;

/** Before other scripts run, addresses become absolute paths: what Vue expects to find, and right on the page that is shown next. */
const ABSOLUTE =
  "for(const a of document.querySelectorAll('a[href],link[rel=icon]')){const u=new URL(a.href),h=a.getAttribute('href');" +
  "if(u.origin===location.origin&&!h.startsWith('#'))a.setAttribute('href',u.pathname+u.hash)}";

/** @param {string} text @param {string} name */
function page(text, name) {
  const up = "../".repeat(name.split("/").length - 1) || "./";
  return text
    .replace("<head>", `<head><script>var __site__=new URL("${up}",location).pathname</script>`)
    .replace(
      /(__VP_SITE_DATA__=JSON\.parse\("(?:[^"\\]|\\.)*")\)/,
      (_, start) => `${start.replaceAll(BASE, "/:site:/")}.replaceAll("/:site:/",__site__))`,
    )
    .replace("</body>", `<script>${ABSOLUTE}</script></body>`)
    .replaceAll(BASE, up);
}

/** @param {string} text */
const script = (text) =>
  INDEX.test(text)
    ? text.replace(
        INDEX,
        (_, start, end) => `${start.replaceAll(BASE, "/:site:/")}.replaceAll("/:site:/",__site__)${end}`,
      )
    : text.replace(LITERAL, (_, quote, rest) => `(__site__+${quote}${rest}${quote})`);

const folder = process.argv[2] ?? "dist";
// A host sends it for addresses of any depth, where its relative addresses lead nowhere.
rmSync(join(folder, "404.html"), { force: true });
for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
  const name = entry.replaceAll("\\", "/");
  if (!/\.(html|js|css|json)$/.test(name)) continue;
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const changed = name.endsWith(".html") ? page(text, name) : script(text);
  if (changed.includes(BASE)) throw new Error(`${name} still holds the path ${BASE}, which no host has`);
  if (changed !== text) writeFileSync(path, changed);
}
