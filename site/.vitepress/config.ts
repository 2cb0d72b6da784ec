import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";
import { anchorOf } from "../../scripts/heading-anchor.mjs";
import { filesIn, linkOnSite, NOT_PAGES, pageOf, REPOSITORY, ROOT, titleOf } from "./pages.ts";

const addressOf = (file: string): string => `/${pageOf(file)!.replace(/(^|\/)index\.md$/, "$1")}`;

/** A group of the sidebar: files by their headings, or by a shorter text. */
function group(
  text: string,
  files: readonly (string | readonly [file: string, text: string])[],
  collapsed?: boolean,
): DefaultTheme.SidebarItem {
  const items = files.map((each) => {
    const [file, title] = typeof each === "string" ? [each, titleOf(each)] : each;
    return { text: title, link: addressOf(file) };
  });
  return { text, items, ...(collapsed === undefined ? {} : { collapsed }) };
}

const pages: DefaultTheme.SidebarItem[] = [
  group("Start", [
    ["README.md", "What it is"],
    "docs/install.md",
    "docs/start.md",
    ["docs/app.md", "The app"],
    "docs/features.md",
    ["docs/glossary.md", "Words"],
  ]),
  group("Tutorials", [["docs/tutorials/README.md", "Overview"], ...filesIn("docs/tutorials")]),
  group(
    "Coming from",
    filesIn("docs")
      .filter((file) => file.startsWith("docs/from-"))
      .map((file) => [file, titleOf(file).replace("Coming from ", "")] as const),
  ),
  group("How to", [["docs/how-to/README.md", "By question"], ...filesIn("docs/how-to")]),
  group("Guides", []),
  group("Reference", [
    ["docs/cli/README.md", "Commands"],
    "docs/outputs.md",
    "docs/file-formats.md",
    "docs/errors.md",
    "docs/input-checks.md",
    ["docs/api/README.md", "API"],
    "docs/compatibility.md",
    ["CHANGELOG.md", "Changelog"],
  ]),
  group("Explanation", [
    "docs/how-it-works.md",
    "docs/accuracy.md",
    "docs/performance.md",
    "docs/evidence.md",
    "docs/security.md",
  ]),
  group(
    "Specification",
    [["docs/specification/README.md", "Overview"], ...filesIn("docs/specification")],
    true,
  ),
  group(
    "Decisions",
    [
      ["docs/decisions/README.md", "Overview"],
      ...filesIn("docs/decisions"),
      ["CONTRIBUTING.md", "Contributing"],
    ],
    true,
  ),
];

/** Pages of `docs` that no group names are guides. */
const named = new Set(pages.flatMap(({ items = [] }) => items.map(({ link }) => link)));
const guides = filesIn("docs").filter((file) => !named.has(addressOf(file)));
pages.find(({ text }) => text === "Guides")!.items = group("Guides", guides).items;

const API = group("API", ["docs/api/README.md", "docs/api/atlasmtl/namespaces/options/README.md"]);

/** The site itself is told by `tools/anywhere.mjs` where it stands. */
const BASE = "/__site__/";

export default defineConfig({
  title: "atlasmtl",
  description: "Single-cell reference mapping: train on a labelled reference, annotate a query",
  srcDir: ROOT,
  srcExclude: NOT_PAGES,
  rewrites: (file) => pageOf(file) ?? file,
  base: BASE,
  head: [["link", { rel: "icon", href: `${BASE}icon.svg` }]],
  outDir: "dist",
  buildEnd: ({ outDir }) => copyFileSync(join(ROOT, "app/public/icon.svg"), join(outDir, "icon.svg")),
  cacheDir: "node_modules/.cache/vitepress",
  // `npm run check` and the test of the site hold every link and anchor.
  ignoreDeadLinks: true,
  vite: {
    publicDir: false,
    build: { chunkSizeWarningLimit: 8000 },
    // Pages lie outside of the folder where the site's packages are.
    plugins: [
      {
        name: "vue-of-the-site",
        enforce: "pre",
        resolveId(id, _, { ssr }) {
          if (!/^vue(\/|$)/.test(id)) return null;
          return ssr ? { id, external: true } : this.resolve(id, import.meta.filename, { skipSelf: true });
        },
      },
    ],
  },
  markdown: {
    // What looks like a tag in a text is text.
    html: false,
    anchor: { slugify: anchorOf },
    config(md) {
      md.core.ruler.push("links-on-site", ({ tokens, env }) => {
        const file = (env.realPath ?? env.path).slice(ROOT.length);
        for (const { children } of tokens)
          for (const token of children ?? [])
            if (token.type === "link_open")
              token.attrSet("href", linkOnSite(file, token.attrGet("href") ?? ""));
      });
    },
  },
  themeConfig: {
    nav: [
      { text: "Start here", link: "/start" },
      { text: "How to", link: "/how-to/" },
      { text: "Commands", link: "/cli/" },
      { text: "Outputs", link: "/outputs" },
      { text: "API", link: "/api/" },
    ],
    // The API has a page for each of some hundred names, which need not carry the list of all others.
    sidebar: { "/api/": [API], "/": pages },
    outline: [2, 3],
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    search: {
      provider: "local",
      options: {
        // Of the API, names and what they are for are found: its hundreds of fields would hide the pages that explain a word.
        _render(text, env, md) {
          const isApi = env.relativePath.startsWith("api/") || env.relativePath.startsWith("docs/api/");
          return md.render(isApi ? (text.split(/^## /m)[0] ?? "") : text, env);
        },
      },
    },
  },
});
