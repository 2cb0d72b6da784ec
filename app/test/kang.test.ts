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
import { type App, press, saved, screen, startApp } from "./helpers.ts";

const KANG = fileURLToPath(new URL("../../../shared/data/pbmc_kang2018_ctrl.h5ad", import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describeShared("the cells of Kang 2018", () =>
  describeChromium("in the app", () => {
    const folder = mkdtempSync(join(tmpdir(), "atlasmtl-kang-"));
    const [reference, query] = ["reference.h5ad", "query.h5ad"].map((name) => join(folder, name));
    let app: App;
    beforeAll(async () => {
      await splitByDonor(reference, query);
      app = await startApp();
    }, 100_000);
    afterAll(async () => {
      await app.close();
      rmSync(folder, { recursive: true });
    });

    test("five donors train a model and three are annotated, with the hashes of Node", async () => {
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
      const { csv, model } = await inNode(reference, query);
      expect(sha256((await saved(page, "Table (.csv)")).bytes)).toBe(sha256(csv));
      const methods = (await saved(page, "Methods paragraph (.txt)")).bytes.toString();
      expect(methods).toContain(`model.pth ${sha256(model)}`);
      expect(await app.trouble()).toEqual([]);
    });
  }),
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
