/** A report in Chromium: it draws, obeys the keyboard, asks nothing of the network and complains of nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDemo } from "../../src/api/demo.ts";
import {
  type Browser,
  describeChromium,
  type PageRecord,
  recordPage,
  startChromium,
} from "./helpers/chromium.ts";

describeChromium("report", () => {
  let folder = "";
  let browser: Browser;
  let page: Page;
  let record: PageRecord;
  let address = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "atlasmtl-report-"));
    const { files } = await runDemo({
      folder,
      simulation: { nReference: 400, nQuery: 150, nGenes: 300 },
      numEpochs: 5,
    });
    address = pathToFileURL(files.report).href;
    browser = await startChromium();
    page = await browser.context.newPage();
    record = await recordPage(page);
    await page.goto(address);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Distinct colours that a drawing shows, the background left out. */
  const colours = (panel: string): Promise<number> =>
    page.evaluate((name) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-panel="${name}"]`)!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set<number>();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 200) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      return seen.size;
    }, panel);

  test("nothing is asked of the network and nothing is wrong on the console", async () => {
    expect(record.requests.filter((request) => request !== address)).toEqual([]);
    expect(record.problems).toEqual([]);
  });

  test("the dots are drawn, in many colours by label and fewer by outcome", async () => {
    expect(await colours("predicted")).toBeGreaterThan(5);
    expect(await colours("truth")).toBeGreaterThan(5);
    expect(await colours("confidence")).toBeGreaterThan(3);
  });

  test("a label is picked out and let go by the keyboard; another level has its own list", async () => {
    const button = page.locator('ul[data-legend="3"] button').first();
    await button.focus();
    await page.keyboard.press("Enter");
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("Enter");
    expect(await button.getAttribute("aria-pressed")).toBe("false");
    await page.selectOption("[data-level]", "0");
    expect(await page.locator('ul[data-legend="0"]').isVisible()).toBe(true);
    expect(await page.locator('ul[data-legend="3"]').isVisible()).toBe(false);
  });

  test("the theme switches, and every figure and control has a name for screen readers", async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.click("[data-theme-switch]");
    expect(await background()).not.toBe(light);
    const unnamed = await page.evaluate(
      () =>
        [...document.querySelectorAll("svg, canvas")].filter(
          (figure) => figure.getAttribute("role") !== "img" || !figure.getAttribute("aria-label"),
        ).length,
    );
    expect(unnamed).toBe(0);
    const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("nothing is wider than the page, on a screen or a phone", async () => {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });

  test("a script that comes in later does not run", async () => {
    const forged = join(folder, "forged.html");
    const html = await page.content();
    writeFileSync(forged, html.replace("</main>", "<script>document.title = 'owned'</script></main>"));
    const other = await browser.context.newPage();
    await other.goto(pathToFileURL(forged).href);
    expect(await other.title()).not.toBe("owned");
    await other.close();
  });
});
