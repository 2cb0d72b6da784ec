// How long the app goes on after a press of Stop: node bench/app-stop.mjs [--cells 6000] [--genes 2000]. Needs `npm run app:build` and
// Chromium. Presses Stop after some times in every kind of work, and prints the milliseconds until the page is free again: the longest
// and the median. Other work on the machine counts as well.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { serve } from "../app/tools/serve.mjs";
import { writeAtlas } from "./make-atlas.mjs";

const { values } = parseArgs({
  options: { cells: { type: "string", default: "6000" }, genes: { type: "string", default: "2000" } },
});
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-app-stop-"));
const size = { nCells: Number(values.cells), nGenes: Number(values.genes), density: 0.1 };
const [reference, query, model] = ["reference.h5ad", "query.h5ad", "model.zip"].map((name) =>
  join(folder, name),
);
await writeAtlas(reference, size);
await writeAtlas(query, { ...size, cellSeed: 2 });
const server = await serve({ folder: join(import.meta.dirname, "../app/dist") });
const context = await chromium.launchPersistentContext(join(folder, "profile"), {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
try {
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  await page.goto(server.url);
  const main = page.getByRole("main");
  const press = (name) => main.getByRole("button", { name, exact: true }).last().click();
  const go = (name) => page.getByRole("navigation").getByRole("button", { name }).click();
  await phase("simulate", [20, 150, 400], () => press("Try it with example data"));
  await phase("open the reference", [10, 100], () =>
    page.locator("#reference-file").setInputFiles(reference),
  );
  await page.locator("#reference-file").setInputFiles(reference);
  await page.locator("#query-file").setInputFiles(query);
  await press("Next: learn from the reference");
  await page.getByRole("radio", { name: /^Quick/ }).check();
  await phase("train", [50, 300, 1000, 2500, 5000, 8000, 12000], () => press("Train"));
  await press("Train");
  await press("Next: annotate the query");
  await phase("annotate", [50, 200, 500, 1000, 2000], () => press("Annotate"));
  await press("Annotate");
  await page.getByRole("heading", { level: 1, name: "Result", exact: true }).waitFor();
  await press("Next: save");
  for (const what of [
    "Annotated .h5ad",
    "Table (.parquet)",
    "Table (.csv)",
    "Report (.html)",
    "Model (.zip)",
  ])
    await phase(`save: ${what}`, [5, 30, 100, 300], () => press(`Save: ${what}`));
  const [download] = await Promise.all([page.waitForEvent("download"), press("Save: Model (.zip)")]);
  writeFileSync(model, "");
  await download.saveAs(model);
  await go(/Data/);
  await page.getByRole("radio", { name: "A trained model" }).check();
  await phase("open a model", [5, 30, 100], () => page.locator("#model-files").setInputFiles(model));

  /** Starts the work and stops it, once after each of `delays`. */
  async function phase(name, delays, start) {
    const took = [];
    for (const delay of delays) {
      const stopping = page.evaluate(stopAfter, delay);
      await start();
      const ms = await stopping;
      if (ms !== null) took.push(Math.round(ms));
    }
    took.sort((a, b) => a - b);
    const [longest, median] = [took.at(-1), took[took.length >> 1]];
    console.log(JSON.stringify({ phase: name, stops: took.length, longest, median }));
  }
} finally {
  await context.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** In the page: presses Stop this long after it appears; the milliseconds until it is gone, null if the work was faster. */
async function stopAfter(delay) {
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const find = () =>
    [...document.querySelectorAll("button")].find((each) => each.textContent.trim() === "Stop");
  const began = performance.now();
  while (find() === undefined) {
    if (performance.now() - began > 5000) return null;
    await rest(2);
  }
  await rest(delay);
  const stop = find();
  if (stop === undefined) return null;
  const pressed = performance.now();
  stop.click();
  while (document.contains(stop)) await rest(2);
  return performance.now() - pressed;
}
