/** Chromium with an empty profile, and a record of what its pages ask of the network. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { describe } from "vitest";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = PATHS.find((path) => existsSync(path));

/** `describe` that skips, with a plain line, where there is no Chromium; in CI its absence is a failure. */
export const describeChromium = (name: string, body: () => void): void => {
  const skip = executablePath === undefined && process.env.CI !== "true";
  if (skip) console.log(`skipped without Chromium: ${name}`);
  describe.skipIf(skip)(name, body);
};

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** `more` are further arguments of the browser. */
export async function startChromium(more: readonly string[] = []): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error(`no Chromium at ${PATHS.join(", ")}: apt-get install chromium`);
  const profile = mkdtempSync(join(tmpdir(), "atlasmtl-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** What a page did that a test wants to know. */
export interface PageRecord {
  /** Requests of the page and its workers, told by Playwright and, once more, by the browser itself. */
  readonly requests: string[];
  /** Errors and warnings on the console, and uncaught ones. */
  readonly problems: string[];
}

/** Records everything from now on; start it before the page loads. */
export async function recordPage(page: Page): Promise<PageRecord> {
  const record: PageRecord = { requests: [], problems: [] };
  // A blob: address is memory of the page itself, from which the engine starts its threads.
  const note = (address: string): void => {
    if (!address.startsWith("blob:")) record.requests.push(address);
  };
  page.on("request", (request) => note(request.url()));
  page.on("websocket", (socket) => note(socket.url()));
  page.on("pageerror", (error) => record.problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) record.problems.push(message.text());
  });
  const session = await page.context().newCDPSession(page);
  session.on("Network.requestWillBeSent", ({ request }) => note(request.url));
  session.on("Network.webSocketCreated", ({ url }) => note(url));
  await session.send("Network.enable");
  return record;
}
