/** Figures: bars in another order, and any figure saved as SVG, in light colours. @module */

export const FIGURES = String.raw`
const PAINTED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const plainColours = new Map();
const plain = (value) => {
  if (!/^(oklch|color|lab|lch|oklab)\(/.test(value)) return value;
  if (!plainColours.has(value)) {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = value;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    plainColours.set(value, "rgb(" + r + "," + g + "," + b + ")");
  }
  return plainColours.get(value);
};
const inLight = (work) => {
  const before = root.dataset.theme;
  root.dataset.theme = "light";
  try { return work(); } finally { if (before) root.dataset.theme = before; else delete root.dataset.theme; }
};
const stencil = make("template", { innerHTML: "<svg></svg>" }).content.firstChild;
const draw = (tag, attributes, ...children) => {
  const node = document.createElementNS(stencil.namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const svgText = (svg) => '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(svg) + "\n";

const standalone = (svg) => inLight(() => {
  const copy = svg.cloneNode(true), to = [copy, ...copy.querySelectorAll("*")];
  [svg, ...svg.querySelectorAll("*")].forEach((node, i) => {
    if (node.tagName === "title") return;
    const computed = getComputedStyle(node), above = i === 0 ? null : getComputedStyle(node.parentElement);
    for (const name of PAINTED) {
      const value = computed.getPropertyValue(name);
      if (name === "opacity" ? value !== "1" : !above || value !== above.getPropertyValue(name)) to[i].setAttribute(name, plain(value));
    }
    for (const name of ["class", "style"]) to[i].removeAttribute(name);
  });
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("height", height);
  copy.prepend(draw("rect", { width, height, fill: "#ffffff" }));
  return svgText(copy);
});

for (const svg of document.querySelectorAll("main svg")) {
  const tools = toolsOf(svg), bars = [...svg.querySelectorAll("[data-bar]")];
  if (bars.length > 2) {
    const places = bars.map((bar) => bar.getAttribute("transform"));
    const orders = {
      given: [...bars],
      name: [...bars].sort((a, b) => compareTexts(a.dataset.bar, b.dataset.bar)),
      size: [...bars].sort((a, b) => Number(b.dataset.value) - Number(a.dataset.value)),
    };
    const select = make("select", {}, ...[["given", "as given"], ["name", "by name"], ["size", "by size"]].map(([value, text]) => make("option", { value }, text)));
    select.addEventListener("change", () => orders[select.value].forEach((bar, i) => bar.setAttribute("transform", places[i])));
    tools.append(make("label", {}, "Sort bars ", select));
  }
  const button = make("button", { type: "button", title: "Save this figure as SVG" }, "SVG");
  button.addEventListener("click", () => save(fileName(svg, ".svg"), "image/svg+xml", standalone(svg)));
  tools.append(button);
}
`;
