/** The whole job on the example data: one press to the map, then everything that can be saved. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildModel, openAnnData, predict, simulateH5ad } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, countColours, press, saved, screen, startApp } from "./helpers.ts";

describeChromium("the app on its example data", () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  test("one press leads from data to a coloured map", async () => {
    const { page } = app;
    await press(page, "Try it with example data");
    await screen(page, "Result");
    expect(await page.locator("main > div > p").first().textContent()).toMatch(
      /^1,000 cells, \d+(\.\d)?\s%\sUnknown in state\.$/,
    );
    expect(await coloursOf(app)).toBeGreaterThan(8);
    await page.getByText("Kept in this browser").waitFor();
    expect(await app.trouble()).toEqual([]);
  });

  test("the table that is saved has the labels that Node gives", async () => {
    await press(app.page, "Next: save");
    const { name, bytes } = await saved(app.page, "Table (.csv)");
    expect(name).toBe("demo-query.labels.csv");
    expect(bytes.toString()).toBe(await tableOfNode());
  });

  test("the annotated file opens with the new columns, and the other files are there", async () => {
    const { name, bytes } = await saved(app.page, "Annotated .h5ad");
    expect(name).toBe("demo-query.annotated.h5ad");
    const annotated = await openAnnData(new Uint8Array(bytes));
    expect(annotated.obs.columns).toEqual(expect.arrayContaining(["donor", "pred_state", "conf_state"]));
    await annotated.close();
    // It was made in the browser's own storage, of which one file is left for the download.
    expect(await storedDownloads(app.page)).toBe(1);
    await saved(app.page, "Annotated .h5ad");
    expect(await storedDownloads(app.page)).toBe(1);
    expect((await saved(app.page, "Table (.parquet)")).bytes.subarray(0, 4).toString()).toBe("PAR1");
    expect((await saved(app.page, "Report (.html)")).bytes.toString()).toContain("<html");
    expect((await saved(app.page, "Methods paragraph (.txt)")).bytes.toString()).toMatch(
      /trained on demo-reference\.h5ad, predicts lineage .* model\.pth [0-9a-f]{64}.* no data left the machine/,
    );
    expect(await app.trouble()).toEqual([]);
  });

  test("after the page is closed, the model that was trained last is still there, until it is forgotten", async () => {
    const other = await app.page.context().newPage();
    await other.goto(app.url);
    await other.getByRole("radio", { name: "A trained model" }).check();
    await other.getByText(/keeps the model that you used last: lineage, class, type, state/).waitFor();
    await press(other, "Use it");
    await other.getByText(/4 label columns, 1,000 genes/).waitFor();
    await other.reload();
    await other.getByRole("radio", { name: "A trained model" }).check();
    await other.getByRole("button", { name: "Forget it" }).last().click();
    await other.getByText(/keeps the model/).waitFor({ state: "detached" });
    await other.close();
  });

  test("the model that is saved annotates again, without training, with the same table", async () => {
    const { page } = app;
    const before = (await saved(page, "Table (.csv)")).bytes.toString();
    const { name, bytes } = await saved(page, "Model (.zip)");
    expect(name).toBe("model.zip");
    await press(page, /^(✓ )?Data/);
    await page.getByRole("radio", { name: "A trained model" }).check();
    await page.locator("#model-files").setInputFiles({ name, mimeType: "application/zip", buffer: bytes });
    await page.getByText(/4 label columns, 1,000 genes/).waitFor();
    await press(page, "Next: annotate");
    await page.getByText("1,000 of the model's 1,000 genes").waitFor();
    await page.getByRole("main").getByRole("button", { name: "Annotate", exact: true }).click();
    await screen(page, "Result");
    await press(page, "Next: save");
    expect((await saved(page, "Table (.csv)")).bytes.toString()).toBe(before);
    expect(await app.trouble()).toEqual([]);
  });

  test("with a learned map the query lies on it, and the commands say so", async () => {
    const { page } = app;
    await press(page, /^(✓ )?Data/);
    await press(page, "Try it with example data");
    await screen(page, "Result");
    await page.getByText(/^Drawn by the two directions/).waitFor();
    await press(page, /^(✓ )?Train/);
    await page.getByRole("checkbox", { name: "Learn a map (UMAP)" }).check();
    await press(page, "Train again");
    await press(page, "Next: annotate the query");
    await page.getByRole("main").getByRole("button", { name: "Annotate", exact: true }).click();
    await screen(page, "Result");
    await page.getByText("Drawn by the UMAP coordinates that the model predicts.").waitFor();
    await press(page, "Next: save");
    const commands = (await saved(page, "The same as commands (.sh)")).bytes.toString();
    expect(commands).toMatch(/train [\s\S]*--embed umap/);
    expect(await app.trouble()).toEqual([]);
  });
});

/** How many different colours the map shows. */
async function coloursOf({ page }: App): Promise<number> {
  const [picture] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save picture" }).click(),
  ]);
  return page.evaluate(countColours, (await readFile(await picture.path())).toString("base64"));
}

async function tableOfNode(): Promise<string> {
  const sizes = { nReference: 1500, nQuery: 1000, nGenes: 1000 };
  const reference = await openAnnData(await simulateH5ad("reference", sizes));
  const query = await openAnnData(await simulateH5ad("query", sizes));
  const model = await buildModel(reference, {
    labelColumns: ["lineage", "class", "type", "state"],
    preset: "fast",
    numThreads: "max",
  });
  const result = await predict(model, query, { knnCorrection: "second_opinion" });
  return Buffer.concat([...result.toCsvPieces()]).toString();
}

/** How many files the page keeps for downloads. */
function storedDownloads(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("downloads");
    let n = 0;
    for await (const _ of folder.keys()) n++;
    return n;
  });
}
