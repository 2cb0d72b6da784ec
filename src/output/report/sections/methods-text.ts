/** The section with a paragraph for the methods section of a paper. @module */
import { html, type Markup } from "../html.ts";
import { methodsParagraph } from "../methods-text.ts";
import type { ReportInput } from "../types.ts";

/** The sentences and the checksums of what was read as one paragraph; null where nothing is known. */
export function methodsTextSection({ methodsText, files }: ReportInput): Markup | null {
  if (methodsText === undefined || methodsText.length === 0) return null;
  return html`<h2 id="cite">For the methods of a paper</h2>
<p class="note">A paragraph on what was done in this run, to paste and to shorten.</p>
<div class="card"><p data-copied>${methodsParagraph(methodsText, files)}</p><button type="button" data-copy data-scripted hidden>Copy</button> <span class="note" role="status" data-copy-said></span></div>`;
}
