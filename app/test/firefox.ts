/** The built app in the system's Firefox, led by WebDriver BiDi, with a record of what it asks for and complains about. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Page } from "puppeteer-core";
import { describe, expect } from "vitest";
import { serve } from "../tools/serve.mjs";
import { SITE } from "./helpers.ts";

const PATHS = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];
const executablePath = PATHS.find((path) => existsSync(path));

/** `describe` that skips, with a plain line, where there is no Firefox; in CI its absence is a failure. */
export const describeFirefox = (name: string, body: () => void): void => {
  const skip = executablePath === undefined && process.env.CI !== "true";
  if (skip) console.log(`skipped without Firefox: ${name}`);
  describe.skipIf(skip)(name, body);
};

/** WebGL without a graphics card. */
const SOFTWARE_GL = { MOZ_WEBGL_FORCE_EGL: "1", LIBGL_ALWAYS_SOFTWARE: "1" };

export interface FirefoxApp {
  readonly page: Page;
  attach(selector: string, path: string): Promise<void>;
  /** Presses the button of this name, or what a selector finds, once it is there. */
  press(what: string): Promise<void>;
  /** Waits for the screen with this heading. */
  screen(heading: string): Promise<void>;
  /** The file that the button of this label makes. */
  saved(label: string): Promise<{ readonly name: string; readonly bytes: Buffer }>;
  /** What went wrong: requests elsewhere, refused ones, errors and warnings. */
  trouble(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startFirefox(): Promise<FirefoxApp> {
  if (executablePath === undefined)
    throw new Error(`no Firefox at ${PATHS.join(", ")}: apt-get install firefox-esr`);
  const downloads = mkdtempSync(join(tmpdir(), "atlasmtl-firefox-"));
  const server = await serve({ folder: SITE });
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    env: { ...process.env, ...SOFTWARE_GL },
    protocolTimeout: 300_000,
    extraPrefsFirefox: {
      "webgl.force-enabled": true,
      "gfx.x11-egl.force-enabled": true,
      "browser.download.folderList": 2,
      "browser.download.dir": downloads,
      "browser.download.alwaysOpenPanel": false,
    },
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(200_000);
  await page.setViewport({ width: 1280, height: 900 });
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) problems.push(message.text());
  });
  await page.evaluateOnNewDocument(() => {
    const refused: string[] = [];
    Object.assign(globalThis, { refused });
    addEventListener("securitypolicyviolation", (event) =>
      refused.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.goto(server.url);
  const press = (what: string): Promise<void> => page.locator(what).click();
  return {
    page,
    press: (what) => press(/[[.]/.test(what) ? what : `::-p-xpath(//button[normalize-space()="${what}"])`),
    async attach(selector, path) {
      const input = (await page.waitForSelector(selector)) as {
        uploadFile(path: string): Promise<void>;
      } | null;
      await input!.uploadFile(path);
    },
    screen: async (heading) =>
      void (await page.waitForSelector(`::-p-xpath(//h1[normalize-space()="${heading}"])`)),
    async saved(label) {
      const before = new Set(readdirSync(downloads));
      await press(`button[aria-label="${label}"]`);
      const added = (): string[] => readdirSync(downloads).filter((file) => !before.has(file));
      // While a file is written, another of its name and ".part" lies beside it.
      await expect
        .poll(() => [added().length, added().some((file) => file.endsWith(".part"))], { timeout: 60_000 })
        .toEqual([1, false]);
      const [file] = added();
      return { name: file, bytes: readFileSync(join(downloads, file)) };
    },
    async trouble() {
      const elsewhere = requests.filter((url) => !url.startsWith(server.url) && !/^(blob|data):/.test(url));
      const refused = await page.evaluate(() => (globalThis as unknown as { refused: string[] }).refused);
      return [...elsewhere, ...refused, ...problems];
    },
    async close() {
      await browser.close();
      await server.close();
      rmSync(downloads, { recursive: true });
    },
  };
}
