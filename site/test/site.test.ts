/** The built site under a sub-path of a plain host: every page opens, every link and anchor leads somewhere, the search finds. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../app/tools/serve.mjs";
import {
  type Browser,
  describeChromium,
  type PageRecord,
  recordPage,
  startChromium,
} from "../../test/browser/helpers/chromium.ts";

const SITE = fileURLToPath(new URL("../dist", import.meta.url));
const PATH = "/tools/atlas/docs/";
/** Anything that is asked of another host is refused, and told on the console. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
};
/** Pages that are open at the same time. */
const TABS = 4;

interface Seen {
  /** Addresses of links within the site, with their anchors. */
  readonly links: readonly string[];
  readonly ids: readonly string[];
  readonly title: string;
  readonly brokenPictures: readonly string[];
}

const look = (page: Page): Promise<Seen> =>
  page.evaluate(() => ({
    links: [...document.querySelectorAll<HTMLAnchorElement>("a[href]")]
      .filter((link) => link.origin === location.origin)
      .map((link) => link.href),
    ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
    title: document.querySelector("h1")?.textContent ?? "",
    brokenPictures: [...document.images]
      .filter((image) => !image.complete || image.naturalWidth === 0)
      .map(({ src }) => src),
  }));

/** The same of a page of the API, which is read and not shown: they are some hundred, all made alike. */
const read = (page: Page, address: string): Promise<Seen> =>
  page.evaluate(async (url) => {
    const response = await fetch(url);
    const content = new DOMParser().parseFromString(response.ok ? await response.text() : "", "text/html");
    return {
      links: [...content.querySelectorAll("a[href]")]
        .map((link) => new URL(link.getAttribute("href") ?? "", url))
        .filter(({ origin }) => origin === location.origin)
        .map(({ href }) => href),
      ids: [...content.querySelectorAll("[id]")].map(({ id }) => id),
      title: content.querySelector("h1")?.textContent ?? "",
      brokenPictures: [],
    };
  }, address);
/** Of the pages of the API, those that are shown. */
const SHOWN = /^(?!api\/)|^api\/(functions\/predict|interfaces\/TrainOptions|)(\.html)?$/;

describeChromium("the site of the documentation", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  beforeAll(async () => {
    if (!existsSync(SITE)) throw new Error("site/dist is missing: run `npm run docs` first");
    server = await serve({ folder: SITE, path: PATH, headers: HEADERS });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (): Promise<{ page: Page; record: PageRecord }> => {
    const page = await browser.context.newPage();
    await page.setViewportSize({ width: 1280, height: 900 });
    return { page, record: await recordPage(page) };
  };

  test("every page opens without an error, and every link and anchor leads somewhere", async () => {
    const names = readdirSync(SITE, { recursive: true, encoding: "utf8" })
      .map((name) => name.replaceAll("\\", "/"))
      .filter((name) => name.endsWith(".html"))
      .map((name) => name.replace(/(^|\/)index\.html$/, "$1"));
    expect(names.length).toBeGreaterThan(60);
    const seen = new Map<string, Seen>();
    const trouble: string[] = [];
    const left = [...names];
    await Promise.all(
      Array.from({ length: TABS }, async () => {
        const { page, record } = await open();
        await page.goto(server.url);
        for (let name = left.pop(); name !== undefined; name = left.pop()) {
          const address = `${server.url}${name}`;
          if (!SHOWN.test(name)) {
            seen.set(address, await read(page, address));
            continue;
          }
          const response = await page.goto(address);
          if (response?.status() !== 200) trouble.push(`${name}: ${response?.status()}`);
          seen.set(address, await look(page));
          trouble.push(...record.problems.splice(0).map((problem) => `${name}: ${problem}`));
          trouble.push(
            ...record.requests
              .splice(0)
              .filter((address) => !address.startsWith(server.url) && !address.startsWith("data:"))
              .map((address) => `${name}: asks for ${address}`),
          );
        }
        await page.close();
      }),
    );
    for (const [address, { links, title, brokenPictures }] of seen) {
      if (title === "") trouble.push(`${address}: has no heading`);
      for (const picture of brokenPictures) trouble.push(`${address}: no picture at ${picture}`);
      for (const link of links) {
        const [path = "", anchor = ""] = link.split("#");
        const target = seen.get(path);
        if (target === undefined) trouble.push(`${address}: dead link ${link}`);
        else if (anchor !== "" && !target.ids.includes(decodeURIComponent(anchor)))
          trouble.push(`${address}: no anchor for ${link}`);
      }
    }
    expect(trouble).toEqual([]);
  });

  test("the search finds Unknown, and leads to the page that explains it", async () => {
    const { page, record } = await open();
    await page.goto(server.url);
    await page
      .getByRole("button", { name: /search/i })
      .first()
      .click();
    await page.getByRole("searchbox").fill("Unknown");
    const results = page.locator(".VPLocalSearchBox a.result");
    await results.first().waitFor();
    const found = await results.evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    const best = found.slice(0, 3);
    expect(best).toContain(`${server.url}specification/3-prediction.html#unknown`);
    expect(best.filter((address) => address.startsWith(`${server.url}api/`))).toEqual([]);
    await results.first().click();
    await page.waitForURL((url) => url.href !== server.url);
    expect(page.url().startsWith(server.url)).toBe(true);
    expect((await page.locator("main").textContent())?.toLowerCase()).toContain("unknown");
    expect(record.problems).toEqual([]);
  });

  test("a reader who follows links, goes back and loads again stays on the site", async () => {
    const { page, record } = await open();
    await page.goto(`${server.url}how-to/`);
    await page.locator("main").getByRole("link", { name: "panel.md" }).click();
    await page.waitForURL(`${server.url}how-to/panel.html`);
    await page.locator("aside, nav").getByRole("link", { name: "The app" }).first().click();
    await page.waitForURL(`${server.url}app.html`);
    await page.reload();
    await page.goBack();
    await page.waitForURL(`${server.url}how-to/panel.html`);
    await page.getByRole("heading", { level: 1, name: "A query with few genes" }).waitFor();
    expect(record.problems).toEqual([]);
  });
});
