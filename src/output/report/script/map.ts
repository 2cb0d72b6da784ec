/** The map: dots, zoom, search, what a dot is, keyboard, SVG. @module */

export const MAP = String.raw`
const GRID = 4095, EDGE = 12, MOST_ZOOM = 60, NO_SHARE = 255;
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const decode16 = (text) => { const b = decode(text); return Uint16Array.from({ length: b.length / 2 }, (_, i) => b[2 * i] | (b[2 * i + 1] << 8)); };

const startMap = (host) => {
  const data = JSON.parse(host.querySelector("script").textContent);
  const places = decode16(data.places), n = places.length / 2;
  const names = data.names === null ? null : data.names.split("\n");
  const levels = data.levels.map((l) => {
    const codes = (text) => text && (l.wide ? decode16(text) : decode(text)), shares = (text) => text && decode(text);
    return { ...l, none: l.wide ? 65535 : 255, predicted: codes(l.predicted), likely: codes(l.likely), second: codes(l.second), truth: codes(l.truth), confidence: shares(l.confidence), secondConfidence: shares(l.secondConfidence), distance: shares(l.distance), reason: shares(l.reason) };
  });
  const carried = data.carried.map((c) => ({ ...c, none: c.wide ? 65535 : 255, values: c.wide ? decode16(c.values) : decode(c.values) }));
  const select = host.querySelector("[data-level]"), find = host.querySelector("[data-find]");
  const output = host.querySelector("output"), say = host.querySelector("[data-say]");
  const canvases = [...host.querySelectorAll("canvas")];
  const view = { x: 0, y: 0, k: 1 };
  let chosen = null, picked = -1;
  const level = () => levels[Number(select.value)];

  const ramp = (c) => { const t = c / 254; return isDark() ? "oklch(" + (0.34 + 0.5 * t) + " " + (0.04 + 0.11 * t) + " " + (300 - 205 * t) + ")" : "oklch(" + (0.9 - 0.5 * t) + " " + (0.06 + 0.08 * t) + " " + (95 + 190 * t) + ")"; };
  const ramps = () => Array.from({ length: 255 }, (_, c) => ramp(c));
  const hued = (entries) => { const l = Number(style("--label-l")), c = style("--label-c"), s = Number(style("--label-step")); return entries.map(([, hue, shade = 0]) => "oklch(" + (l + shade * s) + " " + c + " " + hue + ")"); };
  const labelColours = () => hued(level().labels);
  const isLit = (i, kind) => {
    const { predicted, truth, none } = level();
    if (chosen !== null && chosen.has(none) && predicted[i] === none) return true;
    return chosen === null || (kind === "truth" ? truth && truth[i] !== none && chosen.has(truth[i]) : chosen.has(predicted[i]) || (kind === "right" && truth && truth[i] !== none && chosen.has(truth[i])));
  };
  const codeOf = (button) => (button.dataset.label === "none" ? level().none : Number(button.dataset.label));
  const labelOf = (code) => (code === level().none ? "Unknown" : level().labels[code][0]);
  const painter = (kind) => {
    const { predicted, truth, confidence, none } = level();
    const colours = labelColours(), shades = ramps(), mute = style("--mute"), good = style("--good"), bad = style("--bad"), faint = style("--line");
    const own = kind.startsWith("carried-") ? carried[Number(kind.slice(8))] : null, hues = own && own.categories && hued(own.categories);
    const colourOf = (i) => {
      if (own) return own.values[i] === own.none ? mute : hues ? hues[own.values[i]] : shades[own.values[i]];
      if (kind === "predicted") return predicted[i] === none ? mute : colours[predicted[i]];
      if (kind === "truth") return !truth || truth[i] === none ? mute : colours[truth[i]];
      if (kind === "confidence") return !confidence || confidence[i] === NO_SHARE ? mute : shades[confidence[i]];
      if (!truth || truth[i] === none) return faint;
      return predicted[i] === none ? mute : predicted[i] === truth[i] ? good : bad;
    };
    const dim = [], lit = [], last = [];
    for (let i = 0; i < n; i++) {
      if (!isLit(i, kind)) { dim.push([i, faint]); continue; }
      const colour = colourOf(i);
      (kind === "right" && colour === bad ? last : lit).push([i, colour]);
    }
    return [...dim, ...lit, ...last];
  };
  const radius = () => (n > 8000 ? 1.1 : n > 2000 ? 1.7 : n > 600 ? 2.4 : 3.1) * Math.min(3, Math.sqrt(view.k));
  const place = (i, size) => [0, 1].map((axis) => EDGE + (places[2 * i + axis] / GRID - (axis === 0 ? view.x : view.y)) * view.k * (size - 2 * EDGE));
  const isInside = ([x, y], size) => x > -4 && y > -4 && x < size + 4 && y < size + 4;

  const paint = (canvas) => {
    const size = Math.max(200, canvas.clientWidth), scale = Math.max(2, devicePixelRatio || 1);
    canvas.width = canvas.height = Math.round(size * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.globalAlpha = 0.85;
    const r = radius();
    for (const [i, colour] of painter(canvas.dataset.panel)) {
      const at = place(i, size);
      if (!isInside(at, size)) continue;
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(at[0], at[1], r, 0, 7);
      pen.fill();
    }
    canvas.style.touchAction = view.k > 1 ? "none" : "pan-y";
    if (picked < 0) return;
    const [x, y] = place(picked, size);
    pen.globalAlpha = 1;
    for (const [colour, width] of [[style("--card"), 5], [style("--ink"), 2]]) {
      pen.strokeStyle = colour; pen.lineWidth = width;
      pen.beginPath(); pen.arc(x, y, r + 4.5, 0, 7); pen.stroke();
    }
  };
  const redraw = () => {
    for (const canvas of canvases) if (canvas.clientWidth > 0) paint(canvas);
    for (const bar of host.querySelectorAll("[data-ramp]")) bar.style.background = "linear-gradient(90deg," + [0, 51, 102, 153, 204, 254].map(ramp).join() + ")";
  };
  let frame = 0;
  const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; redraw(); }); };

  const textOf = (i) => {
    const { labels, none, predicted, likely, second, truth, confidence, secondConfidence, distance, reason } = level();
    const name = (codes) => (codes && codes[i] !== none ? labels[codes[i]][0] : null);
    const share = (values) => (values && values[i] !== NO_SHARE ? (values[i] / 254).toFixed(2) : null);
    const parts = [];
    if (names) parts.push(names[i]);
    if (name(predicted) !== null) parts.push("predicted " + name(predicted));
    else parts.push("Unknown" + (reason && reason[i] !== NO_SHARE ? ", as " + data.reasons[reason[i]] : "") + (name(likely) === null ? "" : "; most probably " + name(likely)));
    if (share(confidence) !== null) parts.push("confidence " + share(confidence));
    if (name(second) !== null) parts.push("second label " + name(second) + (share(secondConfidence) === null ? "" : " (" + share(secondConfidence) + ")"));
    if (share(distance) !== null) parts.push("distance " + share(distance));
    if (truth) parts.push("true label " + (name(truth) ?? "not known"));
    for (const { column, categories, low, high, values, none } of carried)
      if (values[i] !== none) parts.push(column + " " + (categories ? categories[values[i]][0] : Number((low + (values[i] / 254) * (high - low)).toPrecision(3))));
    return parts.join(" · ");
  };
  const show = (i) => { output.textContent = i < 0 ? "" : textOf(i); };
  const pick = (i) => { picked = i; show(i); say.textContent = i < 0 ? "" : textOf(i); later(); };
  const nearest = (canvas, px, py) => {
    const size = canvas.clientWidth;
    let best = -1, near = 14 ** 2;
    for (let i = 0; i < n; i++) {
      const [x, y] = place(i, size), d = (x - px) ** 2 + (y - py) ** 2;
      if (d < near && isLit(i, canvas.dataset.panel)) { near = d; best = i; }
    }
    return best;
  };

  const keepInside = () => { for (const axis of ["x", "y"]) view[axis] = Math.min(1 - 1 / view.k, Math.max(0, view[axis])); };
  const zoom = (factor, fx = 0.5, fy = 0.5) => {
    const k = Math.min(MOST_ZOOM, Math.max(1, view.k * factor));
    view.x += fx / view.k - fx / k; view.y += fy / view.k - fy / k; view.k = k;
    keepInside(); later();
  };
  const pan = (dx, dy) => { view.x -= dx / view.k; view.y -= dy / view.k; keepInside(); later(); };
  const whole = () => { view.x = view.y = 0; view.k = 1; later(); };
  const around = () => (picked < 0 ? [0.5, 0.5] : [0, 1].map((axis) => Math.min(1, Math.max(0, (places[2 * picked + axis] / GRID - (axis ? view.y : view.x)) * view.k))));
  for (const [what, act] of [["in", () => zoom(1.6, ...around())], ["out", () => zoom(1 / 1.6, ...around())], ["reset", whole]])
    host.querySelector('[data-zoom="' + what + '"]').addEventListener("click", act);

  const light = (labels) => {
    chosen = labels === null || labels.size === 0 ? null : labels;
    for (const button of host.querySelectorAll("[data-label]")) button.setAttribute("aria-pressed", String(!button.closest("ul").hidden && chosen !== null && chosen.has(codeOf(button))));
    later();
  };
  const entries = () => [...host.querySelectorAll("[data-legend]")].find((list) => !list.hidden).querySelectorAll("[data-label]");
  const lowered = names && names.map((name) => name.toLowerCase());
  const findName = (wanted) => {
    const found = [lowered.indexOf(wanted), lowered.findIndex((name) => name.startsWith(wanted)), lowered.findIndex((name) => name.includes(wanted))];
    return found.find((i) => i >= 0) ?? -1;
  };
  const filter = () => {
    const wanted = find.value.trim().toLowerCase(), found = new Set();
    for (const button of entries()) {
      const code = codeOf(button), fits = labelOf(code).toLowerCase().includes(wanted);
      button.parentElement.hidden = !fits;
      if (fits) found.add(code);
    }
    light(wanted === "" ? null : found);
    if (wanted === "") { say.textContent = ""; return; }
    const cell = found.size > 0 || !names || wanted.length < 3 ? -1 : findName(wanted);
    if (cell >= 0) { pick(cell); return; }
    const { predicted } = level(), lit = predicted.reduce((sum, code) => sum + (found.has(code) ? 1 : 0), 0);
    output.textContent = say.textContent = found.size === 0 ? "No label or cell is called so." : found.size + (found.size === 1 ? " label, " : " labels, ") + lit + " drawn cells.";
  };
  find.addEventListener("input", filter);
  select.addEventListener("change", () => {
    for (const list of host.querySelectorAll("[data-legend]")) list.hidden = list.dataset.legend !== select.value;
    find.value = ""; filter(); show(picked);
  });
  for (const button of host.querySelectorAll("[data-label]")) button.addEventListener("click", () => {
    const labels = new Set(chosen), code = codeOf(button);
    if (!labels.delete(code)) labels.add(code);
    light(labels);
  });

  const step = (dx, dy) => {
    let best = -1, least = 1 / 0;
    const [fx, fy] = picked < 0 ? [(view.x + 0.5 / view.k) * GRID, (view.y + 0.5 / view.k) * GRID] : [places[2 * picked], places[2 * picked + 1]];
    for (let i = 0; i < n; i++) {
      if (i === picked || !isLit(i, "right")) continue;
      const x = places[2 * i] - fx, y = places[2 * i + 1] - fy, along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (picked >= 0 && (along <= 0 || aside > along)) continue;
      const d = picked < 0 ? x * x + y * y : along + 2 * aside;
      if (d < least) { least = d; best = i; }
    }
    if (best < 0) { say.textContent = "No cell lies that way."; return; }
    const [u, v] = [places[2 * best] / GRID, places[2 * best + 1] / GRID], side = 1 / view.k;
    if (u < view.x || u > view.x + side) view.x = u - side / 2;
    if (v < view.y || v > view.y + side) view.y = v - side / 2;
    keepInside(); pick(best);
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const press = (event) => {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow && event.shiftKey) pan(-0.2 * arrow[0], -0.2 * arrow[1]);
    else if (arrow) step(...arrow);
    else if (event.key === "+" || event.key === "=") zoom(1.6, ...around());
    else if (event.key === "-" || event.key === "_") zoom(1 / 1.6, ...around());
    else if (event.key === "0") whole();
    else if (event.key === "Enter" && picked >= 0) {
      const code = level().predicted[picked];
      light(new Set([code]));
      say.textContent = labelOf(code) + " alone.";
    }
    else if (event.key === "Escape") { pick(-1); find.value = ""; filter(); }
    else return;
    if (event.key !== "Enter" && (!arrow || event.shiftKey)) say.textContent = "Zoom " + view.k.toFixed(1) + " times.";
    event.preventDefault();
  };

  for (const canvas of canvases) {
    const box = canvas.closest("[data-map]"), down = new Map();
    let moved = 0;
    const share = (event) => { const r = canvas.getBoundingClientRect(); return [(event.clientX - r.left - EDGE) / (r.width - 2 * EDGE), (event.clientY - r.top - EDGE) / (r.height - 2 * EDGE)]; };
    box.addEventListener("keydown", press);
    canvas.addEventListener("wheel", (event) => {
      const isOurs = event.ctrlKey || event.metaKey;
      if (!isOurs && (document.activeElement !== box || (event.deltaY > 0 && view.k === 1))) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002) * (isOurs ? 3 : 1)), ...share(event));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { down.set(event.pointerId, share(event)); moved = down.size > 1 ? 99 : 0; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const here = share(event), before = down.get(event.pointerId);
      if (!before) { if (event.pointerType !== "touch") { const r = canvas.getBoundingClientRect(), i = nearest(canvas, event.clientX - r.left, event.clientY - r.top); show(i < 0 ? picked : i); } return; }
      const delta = [here[0] - before[0], here[1] - before[1]];
      moved += Math.hypot(...delta) * canvas.clientWidth;
      if (down.size === 2) {
        const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const apart = (at) => Math.max(0.02, Math.hypot(at[0] - other[0], at[1] - other[1]));
        zoom(apart(here) / apart(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
        pan(delta[0] / 2, delta[1] / 2);
      } else if (view.k > 1) pan(...delta);
      down.set(event.pointerId, here);
    });
    const up = (event) => {
      down.delete(event.pointerId);
      if (event.type !== "pointerup" || moved > 5) return;
      const r = canvas.getBoundingClientRect();
      pick(nearest(canvas, event.clientX - r.left, event.clientY - r.top));
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => { if (down.size === 0) show(picked); });
  }

  const drawing = () => inLight(() => {
    const side = 460, gap = 24, across = Math.min(2, canvases.length), row = 22, columns = 4;
    const shown = [...entries()].filter((button) => !button.parentElement.hidden), colours = labelColours();
    const top = Math.ceil(canvases.length / across) * (side + 44), width = across * (side + gap) + gap, height = top + Math.ceil(shown.length / columns) * row + 20;
    const picture = draw("svg", { viewBox: "0 0 " + width + " " + height, width, height, "font-family": "system-ui, sans-serif", "font-size": 12 }, draw("rect", { width, height, fill: "#ffffff" }));
    canvases.forEach((canvas, c) => {
      const panel = draw("g", { transform: "translate(" + (gap + (c % across) * (side + gap)) + " " + (30 + Math.floor(c / across) * (side + 44)) + ")" });
      const dots = draw("svg", { width: side, height: side, overflow: "hidden", "fill-opacity": 0.85 });
      for (const [i, colour] of painter(canvas.dataset.panel)) {
        const at = place(i, side);
        if (isInside(at, side)) dots.append(draw("circle", { cx: at[0].toFixed(1), cy: at[1].toFixed(1), r: radius().toFixed(1), fill: plain(colour) }));
      }
      panel.append(draw("text", { y: -8, "font-weight": 600 }, canvas.closest("figure").querySelector("figcaption").textContent), draw("rect", { width: side, height: side, fill: "none", stroke: "#cccccc" }), dots);
      picture.append(panel);
    });
    shown.forEach((button, i) => {
      const x = gap + (i % columns) * ((width - 2 * gap) / columns), y = top + Math.floor(i / columns) * row;
      picture.append(draw("rect", { x, y, width: 10, height: 10, rx: 2, fill: plain(colours[codeOf(button)] ?? style("--mute")) }), draw("text", { x: x + 16, y: y + 10 }, labelOf(codeOf(button)).slice(0, 30)));
    });
    return svgText(picture);
  });
  host.querySelector("[data-map-svg]").addEventListener("click", () => save(fileName(host, ".svg"), "image/svg+xml", drawing()));

  drawings.push(redraw);
};
for (const host of document.querySelectorAll("[data-embedding]")) startMap(host);
drawAll();
`;
