// A query of gigabytes through the app, from the drop zone to the saved file: node bench/app-query.mjs FOLDER. Needs
// `npm run app:build`, Chromium, and the reference and query of `node bench/write-in-place.mjs FOLDER`. Prints the seconds of each
// step and the highest memory of any renderer process, sampled ten times a second (Linux).
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
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
    const failed = page.getByRole("alert").waitFor();
    const [download] = await Promise.all([
      Promise.race([page.waitForEvent("download"), failed.then(() => complaint(page))]),
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

async function complaint(page) {
  throw new Error(await page.getByRole("alert").textContent());
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

/** Resident memory of the renderers of this profile, whose ancestor is the browser. */
function rendererMiB() {
  const read = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  const isOurs = (pid) =>
    pid > 1 &&
    (read(pid, "cmdline").includes(profile) ||
      isOurs(Number(/PPid:\s+(\d+)/.exec(read(pid, "status"))?.[1])));
  return readdirSync("/proc")
    .filter(
      (pid) => /^\d+$/.test(pid) && read(pid, "cmdline").includes("--type=renderer") && isOurs(Number(pid)),
    )
    .map((pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(read(pid, "status"))?.[1] ?? 0) / 1024));
}
