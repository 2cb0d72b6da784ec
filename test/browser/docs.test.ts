/** The page of docs/browser.md, as it stands there. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAnnData, predict, TrainedModel } from "../../src/api/index.ts";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { buildByDefaults, buildPackage, buildSite } from "./helpers/build-page.ts";
import { type Browser, describeChromium, recordPage, startChromium } from "./helpers/chromium.ts";
import { type Server, STRICT_POLICY, serve } from "./helpers/serve.ts";

const FILES = ["index.html", "main.js", "worker.js"];

/** The code under each file's name. */
function pageOfDocs(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL("../../docs/browser.md", import.meta.url), "utf8");
  const blocks = text.matchAll(/^`([\w.]+)`\n\n```\w+\n(.*?)^```$/gms);
  return new Map(Array.from(blocks, ([, name, code]) => [name, code]));
}

/** What the page says of a build by defaults, in bytes. */
function statedSizes(): { readonly bytes: number; readonly compressed: number } {
  const text = readFileSync(new URL("../../docs/browser.md", import.meta.url), "utf8");
  const [, bytes, compressed] = /in one file of ([\d.]+) MB \(([\d.]+) MB compressed\)/.exec(text)!;
  return { bytes: Number(bytes) * 1e6, compressed: Number(compressed) * 1e6 };
}

describeChromium("in Chromium", () => {
  describe.each([
    { how: "with workers as modules", build: buildSite, isolated: false },
    { how: "by Vite's defaults, isolated", build: buildByDefaults, isolated: true },
  ])("the page of docs/browser.md, built $how", ({ build, isolated }) => {
    let folder: string | undefined;
    let site: string;
    let browser: Browser;
    let server: Server;

    beforeAll(async () => {
      folder = buildPackage();
      const page = join(folder, "page");
      mkdirSync(page);
      for (const [name, code] of pageOfDocs()) writeFileSync(join(page, name), code);
      site = await build(page, folder);
      server = await serve(site, { isolated, policy: STRICT_POLICY });
      browser = await startChromium();
    }, 300_000);
    afterAll(async () => {
      await browser?.close();
      await server?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    test("has these files", () => expect([...pageOfDocs().keys()]).toEqual(FILES));

    test("is of the size that the page states", () => {
      const scripts = readdirSync(join(site, "assets")).filter((name) => name.endsWith(".js"));
      const worker = readFileSync(join(site, "assets", scripts.find((name) => /^worker-/.test(name))!));
      if (build === buildSite) return expect(scripts.length).toBeGreaterThan(20);
      const stated = statedSizes();
      expect(scripts.length).toBe(2);
      expect(Math.abs(worker.length / stated.bytes - 1)).toBeLessThan(0.1);
      expect(Math.abs(gzipSync(worker).length / stated.compressed - 1)).toBeLessThan(0.1);
    });

    test("annotates a query as Node does, and shows errors", async () => {
      const page = await browser.context.newPage();
      const record = await recordPage(page);
      await page.goto(server.url);
      await page.locator("#model").setInputFiles(SIMULATED.path("external"));
      await page.locator("#query").setInputFiles(SIMULATED.path("query.h5ad"));
      await page.locator("#annotate").click();
      const link = page.locator("#status a");
      const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
      const saved = readFileSync(await download.path(), "utf8");
      const adata = await openAnnData(SIMULATED.path("query.h5ad"));
      const model = await TrainedModel.load(SIMULATED.path("external/model.pth"));
      const result = await predict(model, adata, { knnCorrection: "all" });
      await adata.close();
      expect(download.suggestedFilename()).toBe("predictions.csv");
      expect(saved).toBe(Buffer.concat([...result.toCsvPieces()]).toString("utf8"));

      await page.locator("#query").setInputFiles(SIMULATED.path("external/model.pth"));
      await page.locator("#annotate").click();
      await page.locator("#status").getByText("model.pth").waitFor();
      expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(isolated);
      expect(record.problems).toEqual([]);
    });
  });
});
