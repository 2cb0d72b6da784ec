/** What goes wrong is said, with what to do, and nothing is lost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { simulateH5ad } from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import { type App, press, startApp } from "./helpers.ts";

describeChromium("the app in trouble", () => {
  let app: App;
  let reference: Buffer;
  beforeAll(async () => {
    app = await startApp();
    reference = Buffer.from(await simulateH5ad("reference", { nReference: 3000, nGenes: 1500 }));
  });
  afterAll(() => app.close());

  const give = (id: string, name: string, buffer: Buffer) =>
    app.page.locator(id).setInputFiles({ name, mimeType: "", buffer });

  test.each([
    ["text that is no dataset", "notes.h5ad", () => Buffer.from("these are my notes"), /notes\.h5ad/],
    ["an empty file", "empty.h5ad", () => Buffer.alloc(0), /empty\.h5ad/],
    ["half a file", "half.h5ad", () => reference.subarray(0, reference.length / 2), /half\.h5ad/],
    ["damaged bytes", "damaged.h5ad", () => damaged(reference), /damaged\.h5ad/],
  ])("%s: what, where, what to do", async (_, name, bytes, where) => {
    await give("#query-file", name, bytes());
    const alert = app.page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(where);
    expect(await alert.textContent()).not.toMatch(/undefined|\[object|BUG/);
    await press(app.page, "Close this message");
    await alert.waitFor({ state: "detached" });
  });

  test("Stop ends training at once, keeps the data, and training can start again", async () => {
    const { page } = app;
    await give("#reference-file", "reference.h5ad", reference);
    await page.getByText(/^3,000 cells, 1,500 genes/).waitFor();
    await give(
      "#query-file",
      "query.h5ad",
      Buffer.from(await simulateH5ad("query", { nQuery: 200, nGenes: 1500 })),
    );
    await press(page, "Next: learn from the reference");
    await page.getByRole("main").getByRole("button", { name: "Train", exact: true }).click();
    await page.getByRole("progressbar").waitFor();
    await page.waitForTimeout(1500);
    await press(page, "Stop");
    await page
      .getByRole("main")
      .getByRole("button", { name: "Train", exact: true })
      .waitFor({ timeout: 5000 });
    expect(await page.getByRole("status").first().textContent()).toContain("Stopped");
    await press(page, /^✓ Data|^Data/);
    await page.getByText(/^3,000 cells, 1,500 genes/).waitFor();
    expect(await app.trouble()).toEqual([]);
  });
});

/** A copy with a run of other bytes in its first kilobytes, where the tables of the file are. */
function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0xa5, 100, 3000);
  return copy;
}
