/** The section with a paragraph for the methods section of a paper. @module */
import { baseName } from "../../../core/paths.ts";
import { html, type Markup } from "../html.ts";
import { REFERENCE_ROLE, type ReportInput } from "../types.ts";

/** Files that are named with their checksums; the table of files has all. */
const MAX_FILES = 12;

/** The sentences and the checksums of what was read as one paragraph; null where nothing is known. */
export function methodsTextSection({ methodsText, files }: ReportInput): Markup | null {
  if (methodsText === undefined || methodsText.length === 0) return null;
  return html`<h2 id="cite">For the methods of a paper</h2>
<p class="note">A paragraph on what was done in this run, to paste and to shorten.</p>
<div class="card"><p data-copied>${[...methodsText, ...checksums(files)].join(" ")}</p><button type="button" data-copy data-scripted hidden>Copy</button> <span class="note" role="status" data-copy-said></span></div>`;
}

/** What was read by its SHA-256; outputs hold the answer, not the way to it. */
function checksums(files: ReportInput["files"]): string[] {
  const of = (isOne: (role: string) => boolean): string | null => {
    const read = files.filter(({ role }) => isOne(role));
    if (read.length === 0) return null;
    const named = read.slice(0, MAX_FILES).map(({ path, sha256 }) => `${baseName(path)} ${sha256}`);
    const more = read.length > MAX_FILES ? `, and ${read.length - MAX_FILES} more files` : "";
    return `${named.join(", ")}${more}.`;
  };
  const read = of((role) => role !== "output" && role !== REFERENCE_ROLE);
  const reference = of((role) => role === REFERENCE_ROLE);
  return [
    ...(reference === null ? [] : [`SHA-256 of what the model was trained on: ${reference}`]),
    ...(read === null ? [] : [`SHA-256 of what was read: ${read}`]),
  ];
}
