/** The script of a report: theme, dots, and unfolding for print. @module */

/** Plain JavaScript that reads the page and draws on it, without network requests. */
export const SCRIPT = `"use strict";
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;
const isDark = () => !printing && (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const decode16 = (text) => { const b = decode(text); return Uint16Array.from({ length: b.length / 2 }, (_, i) => b[2 * i] | (b[2 * i + 1] << 8)); };
const NONE = 65535, GRID = 4095, drawings = [];

for (const host of document.querySelectorAll("[data-embedding]")) {
  const data = JSON.parse(host.querySelector("script").textContent);
  const places = decode16(data.places);
  const levels = data.levels.map((l) => ({ ...l, predicted: decode16(l.predicted), truth: l.truth && decode16(l.truth), confidence: decode(l.confidence) }));
  const n = places.length / 2;
  const select = host.querySelector("[data-level]");
  const output = host.querySelector("output");
  let chosen = null;
  const level = () => levels[Number(select.value)];
  const ramp = (c) => { const t = c / 254; return isDark() ? "oklch(" + (0.34 + 0.5 * t) + " " + (0.04 + 0.11 * t) + " " + (300 - 205 * t) + ")" : "oklch(" + (0.9 - 0.5 * t) + " " + (0.06 + 0.08 * t) + " " + (95 + 190 * t) + ")"; };
  const labelColours = () => { const l = Number(style("--label-l")), c = style("--label-c"), s = Number(style("--label-step")); return level().labels.map(([, hue, shade]) => "oklch(" + (l + shade * s) + " " + c + " " + hue + ")"); };
  const paint = (canvas) => {
    const kind = canvas.dataset.panel, { predicted, truth, confidence } = level();
    const size = Math.max(200, canvas.clientWidth), scale = Math.max(2, devicePixelRatio || 1);
    canvas.width = canvas.height = Math.round(size * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const colours = labelColours(), mute = style("--mute"), good = style("--good"), bad = style("--bad"), faint = style("--line");
    const colourOf = (i) => {
      if (kind === "predicted") return predicted[i] === NONE ? mute : colours[predicted[i]];
      if (kind === "truth") return !truth || truth[i] === NONE ? mute : colours[truth[i]];
      if (kind === "confidence") return confidence[i] === 255 ? mute : ramp(confidence[i]);
      if (!truth || truth[i] === NONE) return faint;
      return predicted[i] === NONE ? mute : predicted[i] === truth[i] ? good : bad;
    };
    const isShown = (i) => chosen === null || (kind === "truth" ? truth && truth[i] === chosen : predicted[i] === chosen || (kind === "right" && truth && truth[i] === chosen));
    const radius = n > 8000 ? 1.1 : n > 2000 ? 1.7 : n > 600 ? 2.4 : 3.1;
    const dot = (i, colour) => { pen.fillStyle = colour; pen.beginPath(); pen.arc(12 + (places[2 * i] / GRID) * (size - 24), 12 + (places[2 * i + 1] / GRID) * (size - 24), radius, 0, 7); pen.fill(); };
    pen.globalAlpha = 0.85;
    if (chosen !== null) for (let i = 0; i < n; i++) if (!isShown(i)) dot(i, faint);
    for (let i = 0; i < n; i++) if (isShown(i) && !(kind === "right" && colourOf(i) === bad)) dot(i, colourOf(i));
    if (kind === "right") for (let i = 0; i < n; i++) if (isShown(i) && colourOf(i) === bad) dot(i, bad);
  };
  const draw = () => {
    for (const canvas of host.querySelectorAll("canvas")) if (canvas.clientWidth > 0) paint(canvas);
    const bar = host.querySelector("[data-ramp]");
    if (bar) bar.style.background = "linear-gradient(90deg," + [0, 51, 102, 153, 204, 254].map(ramp).join() + ")";
  };
  const choose = (label) => {
    chosen = chosen === label ? null : label;
    for (const button of host.querySelectorAll("[data-label]")) button.setAttribute("aria-pressed", String(Number(button.dataset.label) === chosen && !button.closest("ul").hidden));
    draw();
  };
  select.addEventListener("change", () => {
    for (const list of host.querySelectorAll("[data-legend]")) list.hidden = list.dataset.legend !== select.value;
    chosen = null; choose(null);
  });
  for (const button of host.querySelectorAll("[data-label]")) button.addEventListener("click", () => choose(Number(button.dataset.label)));
  for (const canvas of host.querySelectorAll("canvas")) {
    canvas.addEventListener("mousemove", (event) => {
      const size = canvas.clientWidth, x = ((event.offsetX - 12) / (size - 24)) * GRID, y = ((event.offsetY - 12) / (size - 24)) * GRID;
      let best = -1, near = (GRID / 40) ** 2;
      for (let i = 0; i < n; i++) { const d = (places[2 * i] - x) ** 2 + (places[2 * i + 1] - y) ** 2; if (d < near) { near = d; best = i; } }
      if (best < 0) { output.textContent = ""; return; }
      const { predicted, truth, confidence, labels } = level(), name = (code) => (code === NONE ? null : labels[code][0]);
      const parts = ["predicted " + (name(predicted[best]) ?? "Unknown")];
      if (confidence[best] !== 255) parts.push("confidence " + (confidence[best] / 254).toFixed(2));
      if (truth) parts.push("true label " + (name(truth[best]) ?? "not known"));
      output.textContent = parts.join(" · ");
    });
    canvas.addEventListener("mouseleave", () => { output.textContent = ""; });
  }
  drawings.push(draw);
}

const drawAll = () => { for (const draw of drawings) draw(); };
drawAll();
dark.addEventListener("change", drawAll);
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 120); });
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => { if (fold.querySelector("canvas")) drawAll(); });
const theme = document.querySelector("[data-theme-switch]");
theme.hidden = false;
theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; drawAll(); });
let folded = [];
addEventListener("beforeprint", () => { folded = [...document.querySelectorAll("details:not([open])")].filter((fold) => !fold.closest("figure")); for (const fold of folded) fold.open = true; printing = true; drawAll(); });
addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; printing = false; drawAll(); });
`;
