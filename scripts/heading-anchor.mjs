/**
 * The anchor of a Markdown heading, as GitHub makes it; of headings that repeat, the second has `-1` behind it.
 * @param {string} heading
 */
export const anchorOf = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
    .replaceAll(" ", "-");
