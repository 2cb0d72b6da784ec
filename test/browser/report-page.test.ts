/** What a reader does with a report in Chromium: finds, zooms, steps, sorts, saves, copies and prints, under the page's policy. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderReport } from "../../src/output/report/page.ts";
import type { LabelPrediction } from "../../src/predict/types.ts";
import {
  type Browser,
  describeChromium,
  type PageRecord,
  recordPage,
  startChromium,
} from "./helpers/chromium.ts";

const N = 1200;
const HOSTILE = `</script><script>document.title="owned"</script><b onclick=x>`;
/** The label of each level for a cell; the finest has ninety, the first of them hostile. */
const CLASSES = [9, 30, 90];
const nameOf = (level: number, code: number): string =>
  code === 0 && level === 2 ? HOSTILE : `${["lineage", "type", "subtype"][level]} ${code}`;

function prediction(level: number): LabelPrediction {
  const n = CLASSES[level];
  const categories = Array.from({ length: n }, (_, code) => nameOf(level, code));
  const codes = Int32Array.from({ length: N }, (_, cell) => Math.floor(((cell % 90) * n) / 90));
  const conf = Float32Array.from({ length: N }, (_, cell) => 0.2 + (0.8 * ((cell * 7919) % N)) / N);
  const isUnknown = Uint8Array.from(conf, (value) => (value < 0.25 ? 1 : 0));
  const labels = { codes, categories };
  return {
    column: `level${level + 1}`,
    raw: labels,
    knn: labels,
    final: {
      codes: codes.map((code, cell) => (isUnknown[cell] === 1 ? n : code)),
      categories: [...categories, "Unknown"],
    },
    conf,
    margin: conf,
    isLowConf: isUnknown,
    knnVoteFrac: new Float32Array(N).fill(Number.NaN),
    isLowKnnConf: new Uint8Array(N),
    usedKnn: new Uint8Array(N),
    isUnknown,
    unknownReasons: Int32Array.from(isUnknown, (flag) => (flag === 1 ? 1 : -1)),
    second: { codes: codes.map((code) => (code + 1) % n), categories },
    secondConf: conf.map((value) => 1 - value),
    distance: conf,
  };
}

function page89(): string {
  const labels = CLASSES.map((_, level) => prediction(level));
  // Each label has a place of its own on a grid, so that arrows have somewhere to go.
  const data = Float32Array.from({ length: 2 * N }, (_, i) => {
    const cell = i >> 1;
    return (i % 2 === 0 ? cell % 10 : Math.floor((cell % 90) / 10)) + (0.3 * ((cell * 31 + i) % 17)) / 17;
  });
  return renderReport({
    title: "Ninety labels",
    summary: "",
    facts: [{ name: "Query", value: "query.h5ad" }],
    warnings: [],
    truths: new Map(labels.map(({ column, raw }) => [column, raw])),
    groups: {
      name: "donor",
      labels: {
        codes: Int32Array.from({ length: N }, (_, cell) => cell % 40),
        categories: Array.from({ length: 40 }, (_, donor) => `donor ${donor}`),
      },
    },
    embedding: { name: "a grid", points: { nRows: N, nCols: 2, data } },
    obsNames: Array.from({ length: N }, (_, cell) =>
      cell === 0 ? "=1+1" : cell === 5 ? HOSTILE : `AAAC-${cell}`,
    ),
    methodsText: ["Cells were annotated."],
    methods: [
      {
        name: "m",
        description: null,
        labels,
        reasons: null,
        coordinates: new Map(),
        costs: [],
        settings: new Map(),
      },
    ],
    files: [],
    provenance: [{ name: "Software", value: "atlasmtl" }],
    command: ["atlasmtl", "predict"],
  });
}

describeChromium("the page of a report", () => {
  let folder = "";
  let browser: Browser;
  let page: Page;
  let record: PageRecord;
  let address = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "atlasmtl-report-page-"));
    const file = join(folder, "report.html");
    writeFileSync(file, page89());
    address = pathToFileURL(file).href;
    browser = await startChromium();
    page = await browser.context.newPage();
    record = await recordPage(page);
    await page.goto(address);
  }, 120_000);
  afterAll(async () => {
    // Nothing that the tests below did was refused by the policy, asked for anything, or threw.
    expect(record.problems).toEqual([]);
    expect(record.requests.filter((request) => request !== address)).toEqual([]);
    expect(await page.title()).toBe("Ninety labels");
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const said = (): Promise<string | null> => page.textContent("[data-say]");
  /** The picture of the first map. */
  const picture = (): Promise<string> =>
    page.evaluate(
      () =>
        new Promise<string>((done) => {
          requestAnimationFrame(() =>
            requestAnimationFrame(() => done(document.querySelector("canvas")!.toDataURL())),
          );
        }),
    );
  async function saved(press: () => Promise<void>): Promise<{ name: string; text: string }> {
    const [download] = await Promise.all([page.waitForEvent("download"), press()]);
    const name = download.suggestedFilename();
    await download.saveAs(join(folder, name));
    return { name, text: readFileSync(join(folder, name), "utf8") };
  }

  test("a search filters the list, lights the cells and is told; it finds a cell by its name too", async () => {
    const before = await picture();
    await page.fill("[data-find]", "SUBTYPE 8");
    expect(await page.locator('[data-legend="2"] li:visible').count()).toBe(11);
    expect(await said()).toMatch(/^11 labels, \d+ drawn cells\.$/);
    expect(await picture()).not.toBe(before);
    await page.fill("[data-find]", "onclick=x");
    expect(await said()).toMatch(/^1 label, /);
    await page.fill("[data-find]", "aaac-77");
    expect(await said()).toMatch(/^AAAC-77 · /);
    await page.fill("[data-find]", "unknown");
    expect(await said()).toBe("1 label, 75 drawn cells.");
    await page.fill("[data-find]", "nowhere");
    expect(await said()).toBe("No label or cell is called so.");
    await page.fill("[data-find]", "");
    expect(await page.locator('[data-legend="2"] li:visible').count()).toBeGreaterThan(80);
  });

  test("keys step from cell to cell, which is announced, zoom and let go", async () => {
    await page.locator("[data-map]").first().focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowRight");
    const first = await said();
    expect(first).toMatch(
      /^AAAC-\d+ · (predicted|Unknown).* · confidence 0\.\d\d · second label .* · distance .* · true label /,
    );
    await page.keyboard.press("ArrowRight");
    const second = await said();
    expect(second).not.toBe(first);
    await page.keyboard.press("Enter");
    expect(await said()).toMatch(/ alone\.$/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowLeft");
    const whole = await picture();
    await page.keyboard.press("+");
    expect(await said()).toMatch(/^Zoom 1\.6 times/);
    expect(await picture()).not.toBe(whole);
    await page.keyboard.press("0");
    expect(await said()).toMatch(/^Zoom 1\.0 times/);
    expect(await picture()).toBe(whole);
    await page.keyboard.press("Escape");
  });

  test("a clicked map is zoomed by the wheel and dragged; a map that was not lets the page scroll", async () => {
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    const canvas = page.locator("canvas").first();
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const whole = await picture();
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 40);
    await page.waitForTimeout(100);
    expect(await picture()).toBe(whole);
    await canvas.scrollIntoViewIfNeeded();
    const again = (await canvas.boundingBox())!;
    await page.mouse.click(again.x + 4, again.y + 4);
    await page.mouse.move(again.x + 200, again.y + 200);
    await page.mouse.wheel(0, -500);
    await page.waitForTimeout(100);
    const near = await picture();
    expect(near).not.toBe(whole);
    await page.mouse.down();
    await page.mouse.move(again.x + 90, again.y + 120, { steps: 3 });
    await page.mouse.up();
    expect(await picture()).not.toBe(near);
    await page.click('[data-zoom="reset"]');
    expect(await picture()).toBe(whole);
  });

  test("tables are sorted by number and saved as shown, formulas disarmed; figures and maps are saved as SVG", async () => {
    const table = page.locator("table", { has: page.locator("caption", { hasText: "Each value of donor" }) });
    const cells = () => table.locator("tbody tr td:nth-child(6)").allTextContents();
    const given = await cells();
    const numbers = given.map((text) => Number.parseFloat(text));
    await table.locator("thead th:nth-child(6) button").click();
    expect((await cells()).map((text) => Number.parseFloat(text))).toEqual(
      [...numbers].sort((a, b) => b - a),
    );
    expect(await table.locator("thead th:nth-child(6)").getAttribute("aria-sort")).toBe("descending");
    await table.locator("thead th:nth-child(6) button").click();
    await table.locator("thead th:nth-child(6) button").click();
    expect(await cells()).toEqual(given);

    const unsure = page.locator('[aria-label="The least sure cells"]');
    const csv = await saved(() => unsure.locator("button", { hasText: "CSV" }).click());
    expect(csv.name).toMatch(/least-sure-cells\.csv$/);
    const lines = csv.text.trimEnd().split("\n");
    expect(lines).toHaveLength(51);
    expect(lines[0]).toBe("Cell,Label,Confidence,Second label,Its share,Distance,True label,Why");
    expect(lines[1]).toMatch(/^'=1\+1,Unknown,0\.200,/);

    const map = await saved(() => page.click("[data-map-svg]"));
    expect(map.text).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(map.text.match(/<circle /g)!.length).toBeGreaterThan(3 * N);
    const bars = page.locator("figure", { hasText: "Unknown on the level" });
    const figure = await saved(() => bars.locator("button", { hasText: "SVG" }).click());
    // What a style sheet of the page said stands in the file, in colours that every program knows.
    expect(figure.text).toContain('fill="rgb(');
    expect(figure.text).not.toMatch(/var\(|oklch|class=|style=/);
    await bars.locator("select").selectOption("name");
    const order = await bars.locator("[data-bar]").evaluateAll((all) =>
      all
        .map(
          (bar) =>
            [
              Number(/ (\d+)\)/.exec(bar.getAttribute("transform")!)![1]),
              bar.getAttribute("data-bar")!,
            ] as const,
        )
        .sort(([a], [b]) => a - b)
        .map(([, name]) => name),
    );
    expect(order).toEqual([...order].sort((a, b) => a.localeCompare(b, "en", { numeric: true })));
  });

  test("the methods paragraph is copied, and the print of ninety labels on three levels is under ten pages", async () => {
    await page.click("[data-copy]");
    await page.locator("[data-copy-said]", { hasText: /^Copied\.$/ }).waitFor();
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page[^s]/g)!.length).toBeLessThan(10);
  });
});
