/** What the result screen tells is what the library says: thresholds, genes, groups, selections. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData, simulateH5ad } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, press, screen, startApp } from "./helpers.ts";

describeChromium("the result of the example", () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp();
    await press(app.page, "Try it with example data");
    await screen(app.page, "Result");
  });
  afterAll(() => app.close());

  /** The rows of the table by label. */
  const table = async (name: string): Promise<string[]> =>
    app.page.getByRole("region", { name }).locator("tbody tr").allInnerTexts();

  test("moved thresholds show at once what annotating again with them gives", async () => {
    const { page } = app;
    const before = await table("By label");
    await page.getByRole("slider").first().fill("0.8");
    await page.getByRole("slider").last().fill("0.1");
    const shown = await table("By label");
    expect(shown).not.toEqual(before);
    await press(page, "Use these for the files");
    await page.getByRole("button", { name: "Use these for the files" }).waitFor({ state: "detached" });
    await page.getByText(/cells \(\d.*\) are Unknown\.$/).waitFor();
    expect(await table("By label")).toEqual(shown);
  });

  test("a gene colours the map by the values in the file", async () => {
    const { page } = app;
    await page.getByLabel("Colour by").selectOption("gene");
    const query = await openAnnData(
      await simulateH5ad("query", { nReference: 1500, nQuery: 1000, nGenes: 1000 }),
    );
    const [gene] = await query.varNames();
    let highest = 0;
    for await (const { csr } of (await query.matrix()).rows())
      for (let e = 0; e < csr.indices.length; e++)
        if (csr.indices[e] === 0) highest = Math.max(highest, csr.data![e]);
    await page.getByLabel("Gene", { exact: true }).fill(gene.toLowerCase());
    await page.keyboard.press("Enter");
    await page.getByText(`${gene}: highest value ${highest},`).waitFor();
    await page.getByLabel("Gene", { exact: true }).fill("no such gene");
    await page.keyboard.press("Enter");
    await page.getByText("there is no gene").waitFor();
    await page.getByLabel("Colour by").selectOption("label");
  });

  test("the genes that drive the labels and the groups are told", async () => {
    await press(app.page, "Show the genes");
    await app.page.getByRole("region", { name: "Genes that drive the labels" }).waitFor();
    const genes = await table("Genes that drive the labels");
    expect(genes.length).toBeGreaterThan(20);
    expect(genes[0]).toMatch(/\d+(\.\d)?\s%\s\/ \d/);
    const groups = await table("By group");
    expect(groups.map((row) => row.split(/\s/)[0]).sort()).toEqual(["donor_05", "donor_06"]);
  });

  test("a line drawn around cells selects them, and their names can be saved", async () => {
    const { page } = app;
    await page.getByRole("button", { name: /^Select cells/ }).click();
    await page.locator("canvas").evaluate((canvas) => canvas.scrollIntoView());
    const box = (await page.locator("canvas").boundingBox())!;
    // Inside of the rounded corners.
    await page.mouse.move(box.x + 14, box.y + 14);
    await page.mouse.down();
    for (const [x, y] of [
      [box.width - 14, 14],
      [box.width - 14, box.height - 14],
      [14, box.height - 14],
    ])
      await page.mouse.move(box.x + x, box.y + y, { steps: 3 });
    await page.mouse.up();
    await page.getByRole("heading", { name: "1,000 cells selected" }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      press(page, "Save their names (.csv)"),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(1001);
    expect(lines[1]).toMatch(/^donor_\d+_[ACGT]+-1,/);
    expect(await app.trouble()).toEqual([]);
  });
});
