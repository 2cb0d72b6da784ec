// A query of gigabytes through the app, from the drop zone to the saved file: node bench/app-query.mjs FOLDER. Needs
// `npm run app:build`, Chromium, and the reference and query of `node bench/write-in-place.mjs FOLDER`. Prints the seconds of each
// step and the highest memory of any renderer process, sampled ten times a second (Linux).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { serve } from "../app/tools/serve.mjs";
import { openAnnData } from "../build/api/index.js";

const [folder = "write-in-place"] = process.argv.slice(2);
const [reference, query] = ["reference.h5ad", "query.h5ad"].map((name) => join(folder, name));
const profile = mkdtempSync(join(tmpdir(), "atlasmtl-app-query-"));
const server = await serve({ folder: join(import.meta.dirname, "../app/dist") });
const context = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
let peakMiB = 0;
const sampling = setInterval(() => {
  peakMiB = Math.max(peakMiB, ...rendererMiB());
}, 100);
try {
  const page = await context.newPage();
  page.setDefaultTimeout(600_000);
  await page.goto(server.url);
  const press = (name) => page.getByRole("button", { name, exact: true }).last().click();
  await step("open", async () => {
    await page.locator("#reference-file").setInputFiles(reference);
    await page.locator("#query-file").setInputFiles(query);
    await page.getByRole("button", { name: "Next: learn from the reference" }).click();
  });
  await step("train", async () => {
    await page.getByRole("radio", { name: /^Quick/ }).check();
    await press("Train");
    await page.getByRole("button", { name: "Next: annotate the query" }).click();
  });
  await step("annotate", async () => {
    await press("Annotate");
    await page.getByRole("heading", { level: 1, name: "Result", exact: true }).waitFor();
  });
  await step("save", async () => {
    await page.getByRole("button", { name: "Next: save" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save: Annotated .h5ad" }).click(),
    ]);
    const path = await download.path();
    const saved = await openAnnData(path);
    console.log(
      JSON.stringify({
        queryBytes: statSync(query).size,
        savedBytes: statSync(path).size,
        cells: saved.nObs,
        newColumns: saved.obs.columns.filter((name) => name.startsWith("pred_")),
      }),
    );
    await saved.close();
  });
} finally {
  clearInterval(sampling);
  await context.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true });
}

async function step(name, work) {
  peakMiB = 0;
  const began = performance.now();
  await work();
  console.log(
    JSON.stringify({
      step: name,
      seconds: Math.round((performance.now() - began) / 1000),
      rendererMiB: peakMiB,
    }),
  );
}

/** Resident memory of the renderers of this profile. */
function rendererMiB() {
  const pids = execFileSync("pgrep", ["-f", "--", "--type=renderer"], { encoding: "utf8" })
    .trim()
    .split("\n");
  return pids.flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return [Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024)];
    } catch {
      return [];
    }
  });
}
