/** Where the page runs: without a network, under a sub-path, on hosts that send no headers; and what it says when it cannot. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { press, SITE, screen, startApp } from "./helpers.ts";

/** Bytes of compressed code, styles and page that load before anything is chosen. */
const FIRST_LOAD = 250_000;

describeChromium("the app on its host", () => {
  test("it loads little, keeps itself, and then does the whole job without a network", async () => {
    const app = await startApp();
    try {
      const { page } = app;
      const offline = page.getByText("Offline ready");
      // What loads first: the service worker fetches the rest later, in the background.
      await page.getByRole("button", { name: "Try it with example data" }).waitFor();
      await page.waitForTimeout(1000);
      const first = new Set(app.record.requests.map((address) => new URL(address).pathname.slice(1)));
      const sizes = [...first].map((name) => gzipSync(readFileSync(join(SITE, name || "index.html"))).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      console.log(`first load: ${first.size} files, ${total} bytes compressed`);
      expect(total).toBeLessThan(FIRST_LOAD);

      await offline.waitFor();
      await page.context().setOffline(true);
      await page.reload();
      await offline.waitFor();
      await press(page, "Try it with example data");
      await screen(page, "Result");
    } finally {
      await app.close();
    }
  });

  test("under a sub-path of a host without headers it isolates itself, by loading once more and no more", async () => {
    const app = await startApp({ path: "/tools/atlas/", headers: {} });
    try {
      const { page } = app;
      await page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 60_000 });
      await page.getByText("Offline ready").waitFor();
      await page.waitForTimeout(1500);
      const loads = app.record.requests.filter((address) => address === app.url);
      expect(loads.length).toBeLessThanOrEqual(4);
      await press(page, "Try it with example data");
      await screen(page, "Result");
      expect(await app.trouble()).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("without a service worker it says nothing of offline, and works on one thread", async () => {
    const app = await startApp({ headers: {}, serviceWorkers: "block" });
    try {
      const { page } = app;
      await press(page, "Try it with example data");
      await screen(page, "Result");
      expect(await page.getByText("Offline ready").count()).toBe(0);
      expect(await page.getByText("One thread").count()).toBe(1);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    } finally {
      await app.close();
    }
  });
});
