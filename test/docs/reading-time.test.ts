/** Pages are short enough to be read: prose, without tables and blocks of code, which are looked up. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** At 200 words a minute. */
const EIGHT_MINUTES = 1600;
const THREE_MINUTES = 600;
/** Looked up by heading, or evidence beside a summary (docs/decisions/0037-the-site.md). */
const EXEMPT = [
  "docs/accuracy.md",
  "docs/decisions/0021-default-of-several-views.md",
  "docs/input-checks.md",
  "docs/specification/1-artifacts.md",
  "docs/specification/2-training.md",
  "docs/specification/3-prediction.md",
];

const wordsOf = (page: string): number =>
  readFileSync(join(root, page), "utf8")
    .replace(/^( *)(```+)[^\n]*\n[\s\S]*?^ *\2[^\n]*$/gm, "")
    .replace(/^ *\|.*$/gm, "")
    .split(/\s+/).length;

const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".md") && !name.startsWith("docs/api/"));

test("a page is read in eight minutes, but for those that the record exempts", () => {
  expect(pages.length).toBeGreaterThan(60);
  const long = pages.filter((page) => wordsOf(page) > EIGHT_MINUTES);
  expect(long.sort()).toEqual(EXEMPT);
});

test("README is read in three minutes", () => {
  expect(wordsOf("README.md")).toBeLessThan(THREE_MINUTES);
});
