/** Everyone can use the page: axe finds nothing on any screen, light or dark, wide or narrow; keys alone do the whole job. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, press, screen, startApp } from "./helpers.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of every screen go, to be looked at; not kept in git. */
const PICTURES = fileURLToPath(new URL("../dist-pictures/", import.meta.url));
const LOOKS = [
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
  { width: 375, colorScheme: "light" },
  { width: 375, colorScheme: "dark" },
] as const;
const SCREENS = ["Data", "Train", "Annotate", "Result", "Save"] as const;

describeChromium("the app for everyone", () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp();
    mkdirSync(PICTURES, { recursive: true });
  });
  afterAll(() => app.close());

  test("keys alone lead from the example to a saved file", async () => {
    const { page } = app;
    await page.keyboard.press("Tab");
    expect(await focused(app)).toBe("Skip to the content");
    await tabTo(app, "Try it with example data");
    await page.keyboard.press("Enter");
    await screen(page, "Result");
    expect(await focused(app)).toBe("Result");
    await tabTo(app, /^Map of the cells/);
    await page.keyboard.press("+");
    await page.keyboard.press("ArrowLeft");
    await tabTo(app, /^donor_\d+_/);
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "The cell" }).getByText("lineage", { exact: true }).waitFor();
    await tabTo(app, "Next: save");
    await page.keyboard.press("Enter");
    await screen(page, "Save");
    await tabTo(app, "Save: Table (.csv)");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    expect(download.suggestedFilename()).toBe("demo-query.labels.csv");
  });

  test.each(LOOKS)("axe finds nothing on any screen, $width pixels, $colorScheme", async (look) => {
    const { page } = app;
    await page.setViewportSize({ width: look.width, height: 900 });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    const found: Record<string, unknown> = {};
    for (const name of SCREENS) {
      await page.getByRole("navigation").getByRole("button", { name }).click();
      await page.waitForTimeout(300);
      await page.screenshot({
        path: `${PICTURES}${name.toLowerCase()}-${look.width}-${look.colorScheme}.png`,
        fullPage: true,
      });
      const problems = await violations(app);
      if (problems.length > 0) found[name] = problems;
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found[`${name} is too wide`] = overflow;
    }
    expect(found).toEqual({});
  });

  test("a message of an error is accessible, too", async () => {
    const { page } = app;
    await press(page, /^Data/);
    await page
      .locator("#query-file")
      .setInputFiles({ name: "notes.h5ad", mimeType: "", buffer: Buffer.from("no dataset") });
    await page.getByRole("alert").waitFor();
    expect(await violations(app)).toEqual([]);
    await page.screenshot({ path: `${PICTURES}error.png`, fullPage: true });
  });
});

async function violations({ page }: App): Promise<string[]> {
  return page.evaluate(async (source) => {
    const scope = globalThis as unknown as { axe?: { run(): Promise<Report> } };
    interface Report {
      passes: unknown[];
      violations: { id: string; nodes: { html: string }[] }[];
    }
    // The page's policy forbids to add a script; the test's own call may define one.
    if (scope.axe === undefined) new Function(source)();
    const report = await scope.axe!.run();
    if (report.passes.length < 10) throw new Error("axe checked next to nothing");
    return report.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  }, axe);
}

/** The name of what has the focus. */
const focused = ({ page }: App): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? "";
  });

/** Presses Tab until the focus is on what has this name. */
async function tabTo(app: App, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < 150; i++) {
    await app.page.keyboard.press("Tab");
    const now = await focused(app);
    if (typeof name === "string" ? now === name : name.test(now)) return;
    seen.push(now);
  }
  throw new Error(`Tab does not reach ${name}: ${seen.join(", ")}`);
}
