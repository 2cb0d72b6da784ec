/** Data of several files: folders of Zarr and 10x, chosen or dropped, and the three files of a 10x matrix. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAnnData, simulateH5ad, writeDataset } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, startApp } from "./helpers.ts";

const TENX = fileURLToPath(new URL("../../test/fixtures/odd/mtx-v3", import.meta.url));

describeChromium("data of several files", () => {
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-folders-"));
  let app: App;
  let tenx: string;
  beforeAll(async () => {
    const query = await openAnnData(
      new Uint8Array(await simulateH5ad("query", { nReference: 300, nQuery: 150, nGenes: 200 })),
    );
    await writeDataset(query, join(folder, "query.zarr"), {});
    // What a system leaves in folders.
    writeFileSync(join(folder, "query.zarr", ".DS_Store"), "clutter");
    const adata = await openAnnData(TENX);
    tenx = `${adata.nObs.toLocaleString("en")} cells, ${adata.nVars.toLocaleString("en")} genes`;
    await adata.close();
    app = await startApp();
  });
  beforeEach(() => app.page.reload());
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  test("a folder of Zarr is opened; codecs that the page's policy forbids are said, with what to do", async () => {
    const { page } = app;
    await page.locator("#query-file-folder").setInputFiles(join(folder, "query.zarr"));
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/zstd.*query\.zarr › obs.*save the data with gzip/s);
  });

  test("the three files of a 10x matrix, and two of them", async () => {
    const { page } = app;
    const files = readdirSync(TENX).map((name) => join(TENX, name));
    await page.locator("#query-file").setInputFiles(files);
    await page.getByRole("main").getByText(tenx).waitFor();
    await page.locator("#query-file").setInputFiles(files.filter((name) => !name.includes("features")));
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/there is no features\.tsv/i);
  });

  test("a dropped folder of a whole run is read where its cells are", async () => {
    const { page } = app;
    const run = join(folder, "run");
    mkdirSync(join(run, "outs"), { recursive: true });
    cpSync(TENX, join(run, "outs", "filtered_feature_bc_matrix"), { recursive: true });
    writeFileSync(join(run, "outs", "web_summary.html"), "<html>");
    const box = (await page.getByRole("group", { name: "Query" }).boundingBox())!;
    const client = await page.context().newCDPSession(page);
    const at = { x: box.x + 20, y: box.y + 20, data: { items: [], files: [run], dragOperationsMask: 1 } };
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await client.send("Input.dispatchDragEvent", { type, ...at });
    await page.getByRole("main").getByText(tenx).waitFor();
    await page.getByRole("main").getByText("run/outs/filtered_feature_bc_matrix", { exact: true }).waitFor();
    expect(await app.trouble()).toEqual([]);
  });
});
