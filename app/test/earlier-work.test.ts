/** What a closed tab leaves behind: the model and the result go on in another, without the files of the user. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData, simulateH5ad } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, press, saved, screen, startApp } from "./helpers.ts";

const SIZES = { nReference: 300, nQuery: 150, nGenes: 200 };
const KEPT = "Kept in this browser";

describeChromium("work of an earlier visit", () => {
  let app: App;
  let [reference, query]: Buffer[] = [];
  let csv: string;
  let commands: string;
  let rows: string[];
  /** A tab with the result of the example. */
  let demo: Page;
  /** How often it asked before it was left. */
  let asked = 0;
  beforeAll(async () => {
    app = await startApp();
    [reference, query] = await Promise.all(
      (["reference", "query"] as const).map(async (part) => Buffer.from(await simulateH5ad(part, SIZES))),
    );
  });
  afterAll(() => app.close());

  const give = (page: Page, id: string, name: string, buffer: Buffer): Promise<void> =>
    page.locator(id).setInputFiles({ name, mimeType: "", buffer });
  const byLabel = (page: Page): Promise<string[]> =>
    page.getByRole("region", { name: "By label" }).locator("tbody tr").allInnerTexts();
  const bytesOf = async (page: Page, name: string): Promise<string> =>
    (await saved(page, name)).bytes.toString("latin1");
  const newTab = async (): Promise<Page> => {
    const page = await app.page.context().newPage();
    await page.goto(app.url);
    return page;
  };
  const annotateAgain = async (page: Page, confidence: string): Promise<void> => {
    await page.getByRole("slider").first().fill(confidence);
    const apply = page.getByRole("button", { name: "Use these for the files" });
    await apply.click();
    await apply.waitFor({ state: "detached" });
    await page.getByText(/are Unknown\.$/).waitFor();
  };
  const goOn = async (): Promise<Page> => {
    const page = await newTab();
    await press(page, "Go on");
    await screen(page, "Result");
    return page;
  };

  test("an annotation is kept", async () => {
    const { page } = app;
    await give(page, "#reference-file", "atlas.h5ad", reference);
    await give(page, "#query-file", "cells.h5ad", query);
    await page.getByText(/^150 cells, 200 genes/).waitFor();
    await press(page, "Next: learn from the reference");
    await page.getByRole("radio", { name: /^Quick/ }).check();
    await page.getByRole("main").getByRole("button", { name: "Train", exact: true }).click();
    await press(page, "Next: annotate the query");
    await page.getByRole("main").getByRole("button", { name: "Annotate", exact: true }).click();
    await screen(page, "Result");
    await page.getByText(KEPT).waitFor();
    rows = await byLabel(page);
    await press(page, "Next: save");
    csv = await bytesOf(page, "Table (.csv)");
    commands = await bytesOf(page, "The same as commands (.sh)");
    expect(commands).toContain("train");
    await page.close();
  });

  test("another tab shows it without the query's file: map, tables, thresholds, tables to save and the report", async () => {
    const page = await newTab();
    await page.getByText(/^150 cells of cells\.h5ad, annotated with a model of atlas\.h5ad, /).waitFor();
    await press(page, "Go on");
    await screen(page, "Result");
    await page.getByRole("heading", { name: "The file cells.h5ad is not open" }).waitFor();
    expect(await byLabel(page)).toEqual(rows);
    expect(await page.getByLabel("Colour by").locator("option").allInnerTexts()).not.toContain("Gene");
    await page.getByRole("slider").first().fill("0.8");
    expect(await byLabel(page)).not.toEqual(rows);
    expect(await page.getByRole("button", { name: "Use these for the files" }).isDisabled()).toBe(true);
    await page.getByRole("region", { name: "Least sure cells" }).getByRole("button").first().click();
    await page.getByRole("region", { name: "The cell" }).getByText("lineage", { exact: true }).waitFor();
    await press(page, "Next: save");
    expect(await bytesOf(page, "Table (.csv)")).toBe(csv);
    expect(await bytesOf(page, "The same as commands (.sh)")).toBe(commands);
    expect((await bytesOf(page, "Table (.parquet)")).slice(0, 4)).toBe("PAR1");
    expect(await bytesOf(page, "Report (.html)")).toContain("150 cells of cells.h5ad annotated");
    expect(await page.getByRole("button", { name: "Save: Annotated .h5ad" }).isDisabled()).toBe(true);
    await page.close();
  });

  test("the query's file brings the rest back, and no other file is taken for it", async () => {
    const page = await goOn();
    const other = Buffer.from(await simulateH5ad("query", { ...SIZES, nQuery: 140 }));
    await give(page, "#query-again", "others.h5ad", other);
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(
      /this file has 140 cells and 200 genes.* cells\.h5ad, with 150 cells/i,
    );
    await press(page, "Close this message");
    await give(page, "#query-again", "moved.h5ad", query);
    await page
      .getByRole("heading", { name: "The file cells.h5ad is not open" })
      .waitFor({ state: "detached" });
    expect(await byLabel(page)).toEqual(rows);
    await page.getByLabel("Colour by").selectOption("gene");
    await page.getByLabel("Gene", { exact: true }).waitFor();
    await press(page, "Show the genes");
    await page.getByRole("region", { name: "Genes that drive the labels" }).waitFor();
    await press(page, "Next: save");
    const { bytes } = await saved(page, "Annotated .h5ad");
    const annotated = await openAnnData(new Uint8Array(bytes));
    expect(annotated.obs.columns).toEqual(expect.arrayContaining(["donor", "pred_state", "conf_state"]));
    await annotated.close();
    await page.close();
  });

  test("what two tabs keep at the same time is one work or the other, whole; leaving during work asks", async () => {
    const a = await goOn();
    demo = await newTab();
    demo.on("dialog", (dialog) => {
      asked += Number(dialog.type() === "beforeunload");
      void dialog.dismiss();
    });
    await give(a, "#query-again", "cells.h5ad", query);
    await a.getByRole("heading", { name: "The file cells.h5ad is not open" }).waitFor({ state: "detached" });
    await press(demo, "Try it with example data");
    await demo.getByRole("progressbar").waitFor();
    await demo.close({ runBeforeUnload: true });
    await expect.poll(() => asked).toBe(1);
    for (const threshold of ["0.5", "0.6", "0.7"]) await annotateAgain(a, threshold);
    await screen(demo, "Result");
    await Promise.all([a, demo].map((page) => page.getByText(KEPT).waitFor()));
    const known = new Map([
      ["cells.h5ad", a],
      ["demo-query.h5ad", demo],
    ]);
    const after = await newTab();
    const line = await after.getByText(/ annotated with a model of /).textContent();
    await press(after, "Go on");
    await screen(after, "Result");
    const own = known.get(/cells of (\S+),/.exec(line!)![1])!;
    expect(await byLabel(after)).toEqual(await byLabel(own));
    await Promise.all([a, after].map((page) => page.close()));
  });

  test("the example goes on with its query", async () => {
    await annotateAgain(demo, "0.5");
    await demo.getByText(KEPT).waitFor();
    const page = await goOn();
    expect(await byLabel(page)).toEqual(await byLabel(demo));
    await page.getByLabel("Colour by").selectOption("gene");
    await page.close();
  });

  test("full storage is said, and leaving asks then", async () => {
    const client = await demo.context().newCDPSession(demo);
    const { origin } = new URL(app.url);
    await client.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1000 });
    await annotateAgain(demo, "0.6");
    const note = demo.getByRole("alert");
    await note.waitFor();
    expect(await note.textContent()).toMatch(/not kept: the browser's storage is full; save what you need/);
    await demo.close({ runBeforeUnload: true });
    await expect.poll(() => asked).toBe(2);
    await client.send("Storage.overrideQuotaForOrigin", { origin });
    await annotateAgain(demo, "0.5");
    await demo.getByText(KEPT).waitFor();
    await demo.close();
  });

  test("what is forgotten is gone", async () => {
    const page = await newTab();
    await press(page, "Forget it");
    const heading = page.getByRole("heading", { name: "Go on where you were" });
    await heading.waitFor({ state: "detached" });
    await page.reload();
    await page.getByText("Offline ready").waitFor();
    expect(await heading.count()).toBe(0);
    await page.close();
  });
});
