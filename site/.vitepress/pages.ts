/** Which Markdown files of the repository are pages, and where they stand on the site. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Files beside `docs` that are pages; README is the first page. */
const BESIDE_DOCS: Readonly<Record<string, string>> = {
  "README.md": "index.md",
  "CONTRIBUTING.md": "contributing.md",
  "CHANGELOG.md": "changelog.md",
};

/** Such as `how-to/index.md` for `docs/how-to/README.md`; undefined if the file is no page. */
export function pageOf(file: string): string | undefined {
  if (file in BESIDE_DOCS) return BESIDE_DOCS[file];
  if (!file.startsWith("docs/") || !file.endsWith(".md")) return undefined;
  return file.slice("docs/".length).replace(/(^|\/)README\.md$/, "$1index.md");
}

/** What VitePress is not to take for pages. */
export const NOT_PAGES = readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) => {
  if (entry.isDirectory()) return entry.name === "docs" ? [] : [`${entry.name}/**`];
  return entry.name.endsWith(".md") && !(entry.name in BESIDE_DOCS) ? [entry.name] : [];
});

const { repository } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** Where the files are that are no pages. */
export const REPOSITORY: string = repository.url.replace(/^git\+|\.git$/g, "");

/**
 * The address that a link of `file` has on the site: relative to the page, so that the site runs under any path.
 * Files that are no pages stand in the repository.
 */
export function linkOnSite(file: string, link: string): string {
  if (/^([a-z][a-z0-9+.-]*:|\/\/|#)/i.test(link)) return link;
  const [path = "", anchor] = link.split("#");
  let target = posix.join(posix.dirname(file), decodeURIComponent(path)).replace(/\/$/, "");
  if (existsSync(join(ROOT, target, "README.md"))) target = posix.join(target, "README.md");
  const hash = anchor === undefined ? "" : `#${anchor}`;
  const page = pageOf(target);
  if (page === undefined) return `${REPOSITORY}/blob/main/${target}${hash}`;
  const from = posix.dirname(pageOf(file) ?? "");
  const to = page.replace(/\.md$/, ".html").replace(/(^|\/)index\.html$/, "$1");
  const relative = posix.relative(from, to || ".") || ".";
  const address = to === "" || to.endsWith("/") ? `${relative}/` : relative;
  return `${address.startsWith(".") ? "" : "./"}${address}${hash}`;
}

/** Its first heading. */
export function titleOf(file: string): string {
  const [, heading = file] = /^# +(.+)$/m.exec(readFileSync(join(ROOT, file), "utf8")) ?? [];
  return heading.replaceAll("`", "");
}

/** The Markdown files of a folder but its README, by name. */
export const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort()
    .map((name) => `${folder}/${name}`);
