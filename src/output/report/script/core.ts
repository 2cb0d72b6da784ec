/** What all parts of the script share: theme, colours, print, files that the page makes. @module */

export const CORE = String.raw`"use strict";
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;
const isDark = () => !printing && (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const drawings = [];
const drawAll = () => { for (const draw of drawings) draw(); };
const make = (tag, properties, ...children) => { const node = Object.assign(document.createElement(tag), properties); node.append(...children); return node; };

const [address, release] = ["create", "revoke"].map((what) => URL[what + "ObjectURL"]);
const save = (name, type, text) => {
  const link = make("a", { download: name, href: address(new Blob([text], { type })) });
  link.click();
  setTimeout(() => release(link.href), 20000);
};
const fileName = (node, ending) => {
  const near = node.closest("figure")?.querySelector("figcaption") ?? (node.caption || null);
  let heading = node;
  while (heading && heading.tagName !== "H2") heading = heading.previousElementSibling ?? heading.parentElement;
  const fold = node.closest("details:not(details details)")?.querySelector("summary");
  const words = [document.title, heading?.textContent, (near ?? fold)?.textContent].filter(Boolean).join(" ");
  return words.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 90) + ending;
};
const toolsOf = (node) => {
  const before = node.previousElementSibling;
  if (before && before.classList.contains("tools")) return before;
  const tools = make("div", { className: "tools" });
  node.before(tools);
  return tools;
};

for (const node of document.querySelectorAll("[data-scripted]")) node.hidden = false;
dark.addEventListener("change", drawAll);
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 120); });
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => { if (fold.querySelector("canvas")) drawAll(); });
const theme = document.querySelector("[data-theme-switch]");
theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; drawAll(); });
addEventListener("beforeprint", () => { printing = true; drawAll(); });
addEventListener("afterprint", () => { printing = false; drawAll(); });

for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
  const text = button.parentElement.querySelector("[data-copied]"), said = button.parentElement.querySelector("[data-copy-said]");
  try { await navigator.clipboard.writeText(text.textContent); said.textContent = "Copied."; }
  catch { getSelection().selectAllChildren(text); said.textContent = document.execCommand("copy") ? "Copied." : "The text is selected: copy it."; }
});
`;
