/** Real cells through the page: the model and the table have the bytes that Node gives. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildModel, cellsWhere, openAnnData, predict, viewRows, writeDataset } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { describeShared } from "../../test/helpers/shared.ts";
import { describeFirefox, type FirefoxApp, startFirefox } from "./firefox.ts";
import { type App, countColours, press, saved, screen, startApp } from "./helpers.ts";

const KANG = fileURLToPath(new URL("../../../shared/data/pbmc_kang2018_ctrl.h5ad", import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describeShared(
  "five donors of Kang 2018 train a model and three are annotated, with the hashes of Node",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "atlasmtl-kang-"));
    const [reference, query] = ["reference.h5ad", "query.h5ad"].map((name) => join(folder, name));
    let node: { csv: Uint8Array; model: Uint8Array };
    beforeAll(async () => {
      await splitByDonor(reference, query);
      node = await inNode(reference, query);
    }, 200_000);
    afterAll(() => rmSync(folder, { recursive: true }));

    describeChromium("in Chromium", () => {
      let app: App;
      beforeAll(async () => {
        app = await startApp();
      });
      afterAll(() => app.close());

      test("by the page's fields and buttons", async () => {
        const { page } = app;
        await page.locator("#reference-file").setInputFiles(reference);
        await page.locator("#query-file").setInputFiles(query);
        await page.getByRole("checkbox", { name: /^cell_type / }).waitFor();
        await press(page, "Next: learn from the reference");
        await page.getByRole("radio", { name: /^Quick/ }).check();
        await page.getByRole("main").getByRole("button", { name: "Train", exact: true }).click();
        await page.getByRole("button", { name: "Next: annotate the query" }).click({ timeout: 100_000 });
        await page.getByRole("main").getByRole("button", { name: "Annotate", exact: true }).click();
        await screen(page, "Result");
        await press(page, "Next: save");
        expect(sha256((await saved(page, "Table (.csv)")).bytes)).toBe(sha256(node.csv));
        const methods = (await saved(page, "Methods paragraph (.txt)")).bytes.toString();
        expect(methods).toContain(`model.pth ${sha256(node.model)}`);
        expect(await app.trouble()).toEqual([]);
      });
    });

    describeFirefox("in Firefox", () => {
      let app: FirefoxApp;
      beforeAll(async () => {
        app = await startFirefox();
      });
      afterAll(() => app?.close());

      test("by the page's fields and buttons, with its map", async () => {
        await app.attach("#reference-file", reference);
        await app.attach("#query-file", query);
        await app.press("Next: learn from the reference");
        await app.press("input[type=radio][value=quick]");
        await app.press("main button.primary");
        await app.press("Next: annotate the query");
        await app.press("main button.primary");
        await app.screen("Result");
        const map = (await app.saved("Save picture")).bytes.toString("base64");
        expect(await app.page.evaluate(countColours, map)).toBeGreaterThan(8);
        await app.press("Next: save");
        expect(sha256((await app.saved("Save: Table (.csv)")).bytes)).toBe(sha256(node.csv));
        const methods = (await app.saved("Save: Methods paragraph (.txt)")).bytes.toString();
        expect(methods).toContain(`model.pth ${sha256(node.model)}`);
        const annotated = await openAnnData(new Uint8Array((await app.saved("Save: Annotated .h5ad")).bytes));
        expect(annotated.obs.columns).toEqual(expect.arrayContaining(["donor", "pred_cell_type"]));
        await annotated.close();
        expect(await app.trouble()).toEqual([]);
      });
    });
  },
);

/** The first five donors, and the others. */
async function splitByDonor(reference: string, query: string): Promise<void> {
  const all = await openAnnData(KANG);
  const donors = await all.obs.column("donor");
  const names = donors.kind === "categorical" ? donors.categories : [];
  const first = new Set(names.slice(0, 5));
  for (const [path, isFirst] of [
    [reference, true],
    [query, false],
  ] as const) {
    const rows = cellsWhere(donors, (name) => name !== null && first.has(name) === isFirst);
    await writeDataset(await viewRows(all, rows), path, {});
  }
  await all.close();
}

async function inNode(reference: string, query: string): Promise<{ csv: Uint8Array; model: Uint8Array }> {
  const model = await buildModel(await openAnnData(new Uint8Array(readFileSync(reference))), {
    labelColumns: ["cell_type_l1_derived", "cell_type"],
    preset: "fast",
    numThreads: "max",
  });
  const result = await predict(model, await openAnnData(new Uint8Array(readFileSync(query))), {
    knnCorrection: "second_opinion",
  });
  return { csv: Buffer.concat([...result.toCsvPieces()]), model: (await model.toFiles()).get("model.pth")! };
}
