/** The built app in Chromium, with a record of what it asks for and complains about. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { type PageRecord, recordPage, startChromium } from "../../test/browser/helpers/chromium.ts";
import { serve } from "../tools/serve.mjs";

export const SITE = fileURLToPath(new URL("../dist", import.meta.url));

/** WebGL without a graphics card. */
const SOFTWARE_GL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** What the driver says of a picture that is taken without a graphics card. */
const SLOW_GL = /GL Driver Message \(OpenGL, Performance/;

export interface AppOptions {
  /** The address of the folder on the host. */
  readonly path?: string;
  /** Those of a careful host by default. */
  readonly headers?: Record<string, string>;
  readonly serviceWorkers?: "block";
}

export interface App {
  readonly page: Page;
  readonly url: string;
  readonly record: PageRecord;
  /** What went wrong: requests elsewhere, refused ones, errors and warnings. */
  trouble(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startApp({ serviceWorkers, ...options }: AppOptions = {}): Promise<App> {
  if (!existsSync(SITE)) throw new Error("app/dist is missing: run `npm run app:build` first");
  const server = await serve({ folder: SITE, ...options });
  const browser = await startChromium(SOFTWARE_GL);
  const page = await browser.context.newPage();
  await page.setViewportSize({ width: 1280, height: 900 });
  if (serviceWorkers === "block")
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, "serviceWorker", { get: () => undefined });
      delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
    });
  const record = await recordPage(page);
  await page.addInitScript(() => {
    const refused: string[] = [];
    Object.assign(globalThis, { refused });
    addEventListener("securitypolicyviolation", (event) =>
      refused.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.goto(server.url);
  return {
    page,
    url: server.url,
    record,
    async trouble() {
      const elsewhere = record.requests.filter((address) => !address.startsWith(server.url));
      const refused = await page.evaluate(() => (globalThis as unknown as { refused: string[] }).refused);
      return [...elsewhere, ...refused, ...record.problems.filter((problem) => !SLOW_GL.test(problem))];
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

export const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", { name }).click();

export const screen = (page: Page, heading: string): Promise<void> =>
  page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor({ timeout: 100_000 });

/** The file that a save button makes. */
export async function saved(page: Page, name: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), press(page, `Save: ${name}`)]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** How many different colours a picture has; runs in the page. */
export async function countColours(png: string): Promise<number> {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return new Set(new Uint32Array(data.buffer)).size;
}
