/** `scripts/check-citations.mjs` on small folders of text: it finds what leads nowhere, and lets the rest be. */
import { expect, test } from "vitest";
import { runCheck } from "./helpers/check-script.ts";

/** The specification and the record that the texts below refer to. */
const THERE = {
  "docs/specification/1-page.md": "# 1 · Page\n\n## First heading\n\n```\n## No heading\n```\n",
  "docs/decisions/0001-first.md": "# 0001 · First\n",
};

/** What the check says of files, given by their names beside {@link THERE}. */
function check(files: Readonly<Record<string, string>>): string[] {
  const folders = ["src", "test", "bench", "scripts"];
  const { findings, ok } = runCheck("check-citations", { ...THERE, ...files }, folders);
  expect(ok).toBe(findings.length === 0);
  // The last line is the advice.
  return findings.slice(0, -1);
}

test("citations and links that lead somewhere pass", () => {
  const text =
    "See docs/specification/1-page.md#first-heading and docs/specification/1-page.md. Decision record 1.";
  const links =
    "[a](docs/specification/1-page.md#first-heading) [b](#here) [c](https://x.org/none.md) [d](docs)";
  expect(check({ "src/a.ts": `/** ${text} */\n`, "README.md": `# Here\n\n${text}\n\n${links}\n` })).toEqual(
    [],
  );
});

test.each([
  ["a page", "docs/specification/9-none.md", "there is no docs/specification/9-none.md"],
  ["a heading", "docs/specification/1-page.md#none", "docs/specification/1-page.md has no heading #none"],
  ["a heading in an example", "docs/specification/1-page.md#no-heading", "has no heading #no-heading"],
  ["a record", "decision records 1 and 7", "there is no decision record 7"],
])("a citation of %s that is not there is found, with its line", (_, citation, finding) => {
  const [found, ...others] = check({ "src/a.ts": `export {};\n/** ${citation}. */\n` });
  expect(found).toMatch(/^src\/a\.ts:2: /);
  expect(found).toContain(finding);
  expect(others).toEqual([]);
});

test.each(["contract 3", "Contracts 4 and 5", "the contract\n * 2", "§4", "§ 4"])(
  "a number, %j, is found",
  (text) => {
    expect(check({ "test/a.test.ts": `/**\n * ${text}\n */\n` })).toHaveLength(1);
  },
);

test.each([
  ["a file", "[x](none.md)", "there is no docs/none.md"],
  ["a heading", "[x](specification/1-page.md#none)", "docs/specification/1-page.md has no heading #none"],
  ["a heading of the same file", "[x](#none)", "docs/a.md has no heading #none"],
  ["what is outside", "[x](../../other/a.md)", "is outside the repository"],
])("a link to %s that leads nowhere is found", (_, link, finding) => {
  const [found, ...others] = check({ "docs/a.md": `# A\n\n${link}\n` });
  expect(found).toContain(finding);
  expect(others).toEqual([]);
});

test("examples in fenced blocks are not followed", () => {
  expect(check({ "docs/a.md": "# A\n\n```md\n[x](none.md)\n```\n" })).toEqual([]);
});
