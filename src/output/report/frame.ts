/**
 * The frame of every report: head, title, warnings and provenance of one self-contained HTML file.
 *
 * The content security policy of the page forbids every request, and allows only its one script, by its hash.
 * All text from data is escaped.
 * @module
 */
import { platform } from "#platform";
import { VERSION } from "../../core/version.ts";
import type { Warning } from "../../predict/types.ts";
import { html, Markup } from "./html.ts";
import { bytes } from "./numbers.ts";
import { SCRIPT } from "./script/script.ts";
import { STYLE } from "./style.ts";
import type { Fact, ReportInput } from "./types.ts";

/** A link to a section of the page. */
export interface PageLink {
  readonly id: string;
  readonly name: string;
}

/** The parts of a page. */
export interface PageParts {
  readonly title: string;
  readonly lead: string;
  readonly warnings: readonly Warning[];
  readonly tiles: Markup | null;
  readonly links: readonly PageLink[];
  readonly body: Markup;
}

/** The page as the text of an HTML file. */
export function htmlPage({ title, lead, warnings, tiles, links, body }: PageParts): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${base64Sha256(SCRIPT)}'; base-uri 'none'; form-action 'none'">
<meta name="generator" content="atlasmtl ${VERSION}">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<button type="button" class="theme" data-theme-switch data-scripted hidden>Light or dark</button>
<h1>${title}</h1>
<p class="lead">${lead}</p>
${warnings.map(({ message, where, hint }) => html`<div class="warning" role="note"><p><b>${message}</b>${where === undefined ? null : html` <code>${where}</code>`}</p>${hint === undefined ? null : html`<p>${hint}</p>`}</div>`)}
${tiles}
<nav aria-label="Sections"><ul>${links.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main id="main">
${body}
</main>
<footer><p>Made by atlasmtl ${VERSION}. This file holds everything it shows and asks nothing of the network; it can be sent and archived as it is.</p></footer>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

/** Numbers as large tiles. */
export function tileRow(tiles: readonly (readonly [value: string, name: string])[]): Markup {
  return html`<div class="tiles">${tiles.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}</div>`;
}

/** Facts as a table of two columns. */
export function factTable(facts: readonly Fact[]): Markup {
  return html`<table class="facts"><tbody>${facts.map(({ name, value, isCode }) => html`<tr><th scope="row">${name}</th><td${isCode === true ? html` class="code"` : null}>${value}</td></tr>`)}</tbody></table>`;
}

/** The files of a run, its software and its command. */
export function provenance({
  files,
  provenance: facts,
  command,
}: Pick<ReportInput, "files" | "provenance" | "command">): Markup {
  return html`<h2 id="provenance">Where this comes from</h2>
<p class="note">The files of this run by their SHA-256. <code>atlasmtl verify</code> on the run's folder checks them again.</p>
<div class="card">${factTable(facts)}</div>
${
  files.length === 0
    ? null
    : html`<div class="card"><table><thead><tr><th>File</th><th>Role</th><th class="n">Size</th><th>SHA-256</th></tr></thead><tbody>${files.map(({ path, role, sizeBytes, sha256 }) => html`<tr><th scope="row">${path}</th><td>${role}</td><td class="n">${bytes(sizeBytes)}</td><td class="code">${sha256}</td></tr>`)}</tbody></table></div>`
}
${command.length === 0 ? null : html`<p class="note">The command, as it was given:</p><pre><code>${command.map(shellWord).join(" ")}</code></pre>`}`;
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

function base64Sha256(text: string): string {
  const hash = platform.createSha256();
  hash.update(new TextEncoder().encode(text));
  const digest = hash.hex().match(/../g) ?? [];
  return btoa(String.fromCharCode(...digest.map((pair) => Number.parseInt(pair, 16))));
}
