/** A label of one cell in a million is found by its name, and the map shows where it is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  buildModel,
  openAnnData,
  type PredictionResult,
  predict,
  type SyncFile,
  simulateH5ad,
  type TrainedModel,
  VERSION,
} from "../../src/api/index.ts";
import { describeChromium } from "../../test/browser/helpers/chromium.ts";
import type { KeptAnnotation } from "../src/worker/kept-work.ts";
import { pack } from "../src/worker/packed.ts";
import { type App, press, screen, startApp } from "./helpers.ts";

const N = 1_000_000;
const N_LABELS = 120;
const RARE = "Merkel cell";
/** Amid all the others. */
const RARE_CELL = 617_283;

describeChromium("a result of a million cells", () => {
  let app: App;
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-million-"));
  beforeAll(async () => {
    app = await startApp();
    const sizes = { nReference: 200, nQuery: 20, nGenes: 200 };
    const model = await buildModel(await openAnnData(await simulateH5ad("reference", sizes)), {
      labelColumns: ["lineage", "state"],
      preset: "fast",
      numEpochs: 1,
    });
    const few = await predict(model, await openAnnData(await simulateH5ad("query", sizes)));
    await keep(app, folder, model, millionOf(few));
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  test("search finds the label of one cell, the legend says that there are more, and the map goes to it", async () => {
    const { page } = app;
    await page.reload();
    await page.getByText(/^1,000,000 cells of million\.h5ad, annotated/).waitFor();
    await press(page, "Go on");
    await screen(page, "Result");
    const legend = page.getByRole("region", { name: "Legend" });
    await legend.getByText("and 61 more with fewer cells").waitFor();
    expect(await legend.getByText(RARE).count()).toBe(0);
    await page.getByRole("searchbox", { name: "Find a cell or label" }).fill("merkel");
    await page.getByText("1 label, 1 cell").waitFor();
    await page.getByRole("list", { name: "Labels with this name" }).getByRole("button").click();
    const ring = page.locator(".ring");
    await ring.waitFor();
    expect(await ring.count()).toBe(1);
    // Below the map, and for screen readers.
    expect(await page.getByText(`The map shows the only cell of ${RARE}.`).count()).toBe(2);
    // The colour of the label is in the ring and nowhere else: all other cells are grey.
    const [canvas, box] = [(await page.locator("canvas").boundingBox())!, (await ring.boundingBox())!];
    expect(canvas.y).toBeGreaterThanOrEqual(0);
    const inRing = { x: box.x + 4, y: box.y + 4, width: box.width - 8, height: box.height - 8 };
    expect(await coloured(app, inRing)).toBeGreaterThan(10);
    expect(await coloured(app, { ...inRing, x: inRing.x + 60 })).toBe(0);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const card = page.getByRole("region", { name: "The cell" });
    await card.getByRole("heading", { name: `cell_${RARE_CELL}`, exact: true }).waitFor();
    await card.getByText(RARE).first().waitFor();
    // Much of the map lies outside of what is seen now.
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Show all labels" }).click();
    expect(await page.locator(".ring").count()).toBe(0);
    expect(await app.trouble()).toEqual([]);
  });

  test("a label of another level is found, and the level changes", async () => {
    const { page } = app;
    await page.getByLabel("Level").selectOption("lineage");
    await page.getByRole("searchbox", { name: "Find a cell or label" }).fill(RARE.toUpperCase());
    await page.getByText("1 label, 0 cells").waitFor();
    await page.getByRole("list", { name: "Labels with this name" }).getByRole("button").click();
    await page.locator(".ring").waitFor();
    expect(await page.getByLabel("Level").locator("option:checked").textContent()).toBe("state");
  });
});

/** A result of N cells: the finest label is one of {@link N_LABELS}, and {@link RARE} for one cell. */
function millionOf({ data }: PredictionResult): KeptAnnotation {
  const categories = Array.from({ length: N_LABELS }, (_, i) => `type ${i + 1}`);
  const codes = Int32Array.from({ length: N }, (_, cell) => (cell * 7919) % N_LABELS);
  codes[RARE_CELL] = N_LABELS;
  const fine = { codes, categories: [...categories, RARE] };
  const coarse = { codes: new Int32Array(N), categories: ["all"] };
  const labels = data.labels.map((label, level): typeof label => {
    const own = level === data.labels.length - 1 ? fine : coarse;
    const flags = new Uint8Array(N);
    return {
      ...label,
      raw: own,
      final: own,
      knn: { ...own, codes: new Int32Array(N).fill(-1) },
      second: own,
      nearest: own,
      conf: new Float32Array(N).fill(0.9),
      margin: new Float32Array(N).fill(0.8),
      secondConf: new Float32Array(N),
      distance: new Float32Array(N),
      knnVoteFrac: new Float32Array(N).fill(Number.NaN),
      isLowConf: flags,
      isLowKnnConf: flags,
      usedKnn: flags,
      isUnknown: flags,
      unknownReasons: new Int32Array(N).fill(-1),
    };
  });
  // A square of cells, with the types in stripes.
  const points = new Float32Array(2 * N);
  for (let cell = 0; cell < N; cell++) points.set([cell % 1000, Math.floor(cell / 1000)], 2 * cell);
  return {
    settings: { layer: "X", neighbours: true, confidenceLow: 0.4, knownLoss: 0.05 },
    query: { name: "million.h5ad", nGenes: 200, isDemo: false },
    drawn: { groups: [], points, pointsName: "a grid", obsmKey: null },
    cells: { nCells: N, nGenes: 200, sha256: "" },
    data: {
      ...data,
      obsNames: Array.from({ length: N }, (_, cell) => `cell_${cell}`),
      labels,
      coords: new Map(),
    },
  };
}

/** Puts the work into the page's storage, as the page does itself. */
async function keep(app: App, folder: string, model: TrainedModel, kept: KeptAnnotation): Promise<void> {
  const held: Uint8Array[] = [];
  let size = 0;
  const file: SyncFile = {
    read: () => 0,
    write(from) {
      held.push(from.slice());
      size += from.length;
      return from.length;
    },
    truncate: () => undefined,
    getSize: () => size,
    flush: () => undefined,
  };
  const packed = pack(kept, file);
  const record = {
    id: "million",
    savedAt: 1_700_000_000_000,
    model: { name: "model", trained: null, labels: ["lineage", "state"] },
    result: { format: `1 of ${VERSION}`, packed, query: "million.h5ad", nCells: N },
  };
  const files = new Map<string, Uint8Array | string>([
    ...(await model.toFiles()),
    ["result.bin", Buffer.concat(held)],
    ["record.json", JSON.stringify(record)],
  ]);
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  await app.page.evaluate(() => {
    const input = Object.assign(document.createElement("input"), {
      type: "file",
      multiple: true,
      id: "kept",
    });
    document.body.append(input);
  });
  await app.page.locator("#kept").setInputFiles([...files.keys()].map((name) => join(folder, name)));
  await app.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const own = await root.getDirectoryHandle("last-work", { create: true });
    for (const given of document.querySelector<HTMLInputElement>("#kept")!.files!) {
      const to = await (await own.getFileHandle(given.name, { create: true })).createWritable();
      await to.write(given);
      await to.close();
    }
  });
}

/** How many pixels of a part of the page have a colour that is no grey. */
async function coloured(
  { page }: App,
  clip: { x: number; y: number; width: number; height: number },
): Promise<number> {
  const png = (await page.screenshot({ clip })).toString("base64");
  return page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = data.subarray(i, i + 3);
      if (Math.max(r, g, b) - Math.min(r, g, b) > 60) n++;
    }
    return n;
  }, png);
}
