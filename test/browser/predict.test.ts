/**
 * The library in Chromium: predictions and training give the bits that Node gives, from files in the page's
 * pickers, and nothing goes over the network once the page has loaded.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as Atlasmtl from "../../src/api/index.ts";
import * as atlasmtl from "../../src/api/index.ts";
import { classifier, LOGISTIC, pickled, texts } from "../helpers/celltypist-pickles.ts";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { type GoldenCase, listGoldenCases, readGoldenCase } from "../helpers/golden-tables.ts";
import { ODD_SETS } from "../helpers/odd-sets.ts";
import { buildPackage, buildPage } from "./helpers/build-page.ts";
import {
  type Browser,
  describeChromium,
  type PageRecord,
  recordPage,
  startChromium,
} from "./helpers/chromium.ts";
import { tableDifferences } from "./helpers/compare.ts";
import { type Server, STRICT_POLICY, serve, ZARR_POLICY } from "./helpers/serve.ts";
import { type Job, type JobResult, runJob } from "./page/job.ts";
import type { PageJob, TestPage } from "./page/main.ts";
import type { Answer } from "./page/messages.ts";

/** Milliseconds for building and starting everything. */
const PATIENCE = 300_000;
/** Gives pages a function that collects their memory. */
const COLLECTS = "--js-flags=--expose-gc";
const FOLDER = "external";
const cases = listGoldenCases(SIMULATED).filter(({ folder }) => folder === FOLDER);
const BUNDLE = bundleFiles();
const QUERY = SIMULATED.path("query.h5ad");
const DATASETS = oddities();
const REFERENCE = SIMULATED.path("reference.h5ad");

const TRAIN_OPTIONS: Atlasmtl.TrainOptions = {
  labelColumns: SIMULATED.columns,
  coordTargets: { latent: "X_ref_latent", umap: "X_umap" },
  preset: "small",
  numEpochs: 2,
  valFraction: 0.2,
  calibrationMethod: "temperature_scaling",
};

/** Files of the odd sets; folders cannot be picked as datasets. */
function oddities(): string[] {
  return ODD_SETS.flatMap(({ folder }) =>
    readdirSync(folder)
      .filter((name) => /\.(h5ad|h5|zarr\.zip)$/.test(name))
      .map((name) => `${folder}/${name}`),
  );
}

const isZarr = (path: string): boolean => path.endsWith(".zarr.zip");
const isNamed =
  (name: string) =>
  (path: string): boolean =>
    path.endsWith(`/${name}`);

function bundleFiles(): string[] {
  const folder = SIMULATED.path(FOLDER);
  return readdirSync(folder)
    .filter((name) => !name.startsWith("expected_"))
    .map((name) => `${folder}/${name}`);
}

/** The options of a golden case by their names in the library; the rules are those of the reference. */
function optionsOf({ options }: GoldenCase): Atlasmtl.PredictOptions {
  const camel = Object.entries(options).map(([key, value]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const rules = options.enforce_hierarchy === true ? { hierarchyRules: "derive" } : {};
  return { ...Object.fromEntries(camel), ...rules, device: "cpu" };
}

const fileOf = (path: string): File =>
  new File([new Uint8Array(readFileSync(path))], path.slice(path.lastIndexOf("/") + 1));

const predictJob: Extract<PageJob, { kind: "predict" }> = {
  kind: "predict",
  picker: "bundle",
  cases: Object.fromEntries(
    cases.map(({ name }) => [name, optionsOf(readGoldenCase(SIMULATED, FOLDER, name))]),
  ),
};
const trainJob: PageJob = { kind: "train", options: TRAIN_OPTIONS };

/** A model of CellTypist of genes that an object of Seurat has. */
const OBJECT = fileURLToPath(new URL("../fixtures/rds/seurat4.rds", import.meta.url));
const CELLTYPIST = {
  name: "model.pkl",
  mimeType: "application/octet-stream",
  buffer: Buffer.from(pickled(classifier(LOGISTIC, { features: texts(["G1", "G2", "G3"]) }))),
};
const matchJob: Extract<PageJob, { kind: "predict" }> = {
  kind: "predict",
  picker: "bundle",
  cases: { best: { numThreads: 1 }, prob: { numThreads: 1, matchMode: "prob_match", pThres: 0.5 } },
};

const inNode = (job: Job): Promise<JobResult> => runJob(atlasmtl, job);

async function inPage(page: Page, place: "page" | "worker", job: PageJob): Promise<Answer> {
  return page.evaluate(
    ([where, what]) => {
      const { page } = globalThis as unknown as { page: TestPage };
      return page.run(where as typeof place, JSON.parse(what));
    },
    [place, JSON.stringify(job)] as const,
  );
}

async function resultOf(answer: Promise<Answer>): Promise<JobResult> {
  const settled = await answer;
  if ("result" in settled) return settled.result;
  throw new Error(JSON.stringify(settled.failure));
}

describeChromium("in Chromium", () => {
  describe("with the golden bundle", () => {
    let packageFolder: string | undefined;
    let site: string;
    let browser: Browser;
    let expectedPredictions: JobResult;
    let expectedTraining: JobResult;
    let expectedMatches: JobResult;
    let expectedDatasets: JobResult;

    beforeAll(async () => {
      packageFolder = buildPackage();
      [site, browser] = await Promise.all([buildPage(packageFolder), startChromium([COLLECTS])]);
      const query = fileOf(QUERY);
      expectedPredictions = await inNode({ ...predictJob, bundle: BUNDLE.map(fileOf), query });
      expectedMatches = await inNode({
        ...matchJob,
        bundle: [new File([CELLTYPIST.buffer], CELLTYPIST.name)],
        query: fileOf(OBJECT),
      });
      expectedTraining = await inNode({
        kind: "train",
        reference: fileOf(REFERENCE),
        options: TRAIN_OPTIONS,
      });
      expectedDatasets = await inNode({ kind: "read", datasets: DATASETS.map(fileOf) });
    }, PATIENCE);
    afterAll(async () => {
      await browser?.close();
      if (packageFolder !== undefined) rmSync(packageFolder, { recursive: true, force: true });
    });

    test("there are cases of every kind to compare", () => {
      expect(Object.keys(expectedPredictions)).toEqual(
        expect.arrayContaining(["off", "all", "low_conf", "prototypes", "openset_nn", "openset_proto"]),
      );
      const read = Object.values(expectedDatasets).filter(({ digests }) => Object.keys(digests).length > 3);
      expect(read.length).toBeGreaterThanOrEqual(9);
      expect(Object.keys(expectedTraining.train.digests)).toEqual(
        expect.arrayContaining([
          "model.pth",
          "model_reference.pkl",
          "coords umap",
          "annotated .h5ad",
          "annotated in place",
        ]),
      );
    });

    describe.each([
      ["with COOP and COEP headers", { isolated: true, policy: ZARR_POLICY }],
      ["without them, under the strictest policy", { isolated: false, policy: STRICT_POLICY }],
    ])("%s", (_, { isolated, policy }) => {
      let server: Server;
      let page: Page;
      let record: PageRecord;
      let nServed: number;

      beforeAll(async () => {
        server = await serve(site, { isolated, policy });
        page = await browser.context.newPage();
        record = await recordPage(page);
        await page.goto(server.url);
        const ready = await page.evaluate(() => (globalThis as unknown as { page: TestPage }).page.ready);
        expect(ready).toEqual([isolated, isolated]);
        nServed = server.requests.length;
        expect(record.requests.map((url) => new URL(url).pathname)).toEqual(
          expect.arrayContaining(["/", expect.stringContaining("worker")]),
        );
        record.requests.length = 0;
        await page.locator("#bundle").setInputFiles(BUNDLE);
      }, PATIENCE);
      afterAll(async () => {
        await page.close();
        await server.close();
      });

      test.each(["page", "worker"] as const)(
        "predictions in the %s have the bits of Node's and the values of Python's",
        async (place) => {
          await page.locator("#dataset").setInputFiles(QUERY);
          const result = await resultOf(inPage(page, place, predictJob));
          expect(result).toEqual(expectedPredictions);
          for (const [name, { csv, warnings }] of Object.entries(result)) {
            expect({ [name]: tableDifferences(csv, readGoldenCase(SIMULATED, FOLDER, name)) }).toEqual({
              [name]: {},
            });
            expect(warnings).toEqual([]);
          }
        },
      );

      test("files are read while memory is collected", async () => {
        await page.locator("#dataset").setInputFiles(QUERY);
        const [worker] = page.workers();
        await worker.evaluate(() => {
          const scope = globalThis as typeof globalThis & { gc(): void; collecting: unknown };
          scope.collecting = setInterval(scope.gc);
        });
        try {
          expect(await resultOf(inPage(page, "worker", predictJob))).toEqual(expectedPredictions);
        } finally {
          await worker.evaluate(() =>
            clearInterval((globalThis as unknown as { collecting: number }).collecting),
          );
        }
      });

      test("training in the page gives the bytes of Node's model.pth and reference", async () => {
        await page.locator("#dataset").setInputFiles(REFERENCE);
        expect(await resultOf(inPage(page, "page", trainJob))).toEqual(expectedTraining);
      });

      test("a folder that was picked is searched for the bundle", async () => {
        await page.locator("#folder").setInputFiles(SIMULATED.path("gz"));
        await page.locator("#dataset").setInputFiles(QUERY);
        const golden = readGoldenCase(SIMULATED, "gz", "low_conf");
        const options = { low_conf: optionsOf(golden) };
        const job: PageJob = { kind: "predict", picker: "folder", cases: options };
        const result = await resultOf(inPage(page, "worker", job));
        expect(tableDifferences(result.low_conf.csv, golden)).toEqual({});
      });

      test.each(["page", "worker"] as const)(
        "datasets of every kind and age are read in the %s as in Node",
        async (place) => {
          const files = policy === ZARR_POLICY ? DATASETS : DATASETS.filter((path) => !isZarr(path));
          await page.locator("#dataset").setInputFiles(files);
          const expected = Object.entries(expectedDatasets).filter(([name]) => files.some(isNamed(name)));
          const result = await resultOf(inPage(page, place, { kind: "read" }));
          expect(result).toEqual(Object.fromEntries(expected));
        },
      );

      test.each(["page", "worker"] as const)(
        "a model of CellTypist labels an object of R in the %s as in Node",
        async (place) => {
          await page.locator("#bundle").setInputFiles(CELLTYPIST);
          await page.locator("#dataset").setInputFiles(OBJECT);
          try {
            const result = await resultOf(inPage(page, place, matchJob));
            expect(result).toEqual(expectedMatches);
            expect(result.best.csv.split("\n").length).toBeGreaterThan(10);
          } finally {
            await page.locator("#bundle").setInputFiles(BUNDLE);
          }
        },
      );

      test("errors say in the page what they say in Node", async () => {
        await page.locator("#dataset").setInputFiles(BUNDLE[0]);
        const answer = await inPage(page, "worker", predictJob);
        expect(answer).toMatchObject({
          failure: { code: "BAD_FORMAT", where: BUNDLE[0].split("/").at(-1) },
        });
      });

      test("none of this asked anything of the network, offline or not, nor complained", async () => {
        await browser.context.setOffline(true);
        try {
          await page.locator("#dataset").setInputFiles(QUERY);
          const { off } = predictJob.cases;
          for (const place of ["page", "worker"] as const) {
            const result = await resultOf(inPage(page, place, { ...predictJob, cases: { off: off } }));
            expect(result.off).toEqual(expectedPredictions.off);
          }
        } finally {
          await browser.context.setOffline(false);
        }
        expect(record).toEqual({ requests: [], problems: [] });
        expect(server.requests.length).toBe(nServed);
      });

      if (policy === STRICT_POLICY)
        test("what this policy forbids is told as that", async () => {
          await page.locator("#dataset").setInputFiles(DATASETS.filter(isZarr));
          const result = await resultOf(inPage(page, "worker", { kind: "read" }));
          for (const { warnings } of Object.values(result))
            expect(warnings).toEqual([expect.stringMatching(/^UNSUPPORTED .* content security policy/)]);
        });

      test("a request from the page or its worker would have been refused by the browser, and seen", async () => {
        const leak = (): Promise<string> => fetch("/leak").then(() => "sent", String);
        expect(await page.evaluate(leak)).toContain("Failed to fetch");
        expect(await page.workers()[0].evaluate(leak)).toContain("Failed to fetch");
        expect(server.requests.length).toBe(nServed);
        expect(record.problems.join()).toContain("Content Security Policy");
      });
    });

    test("a File of more than 5 GiB is read in place in a worker, and refused on the main thread", async () => {
      const folder = mkdtempSync(join(tmpdir(), "atlasmtl-large-"));
      const server = await serve(site, { isolated: false, policy: STRICT_POLICY });
      const page = await browser.context.newPage();
      try {
        const large = join(folder, "large.h5ad");
        const script = fileURLToPath(new URL("./helpers/large_file.py", import.meta.url));
        execFileSync("/usr/bin/python3", [script, QUERY, large]);
        await page.goto(server.url);
        await page.locator("#bundle").setInputFiles(BUNDLE);
        await page.locator("#dataset").setInputFiles(large);
        const job = { ...predictJob, cases: { off: predictJob.cases.off } };
        await page.evaluate(() => (globalThis as unknown as { page: TestPage }).page.ready);
        const { off } = await resultOf(inPage(page, "worker", job));
        expect(off.csv).toBe(expectedPredictions.off.csv);
        expect(expectedPredictions.off.digests).toMatchObject(off.digests);
        expect(await inPage(page, "page", job)).toMatchObject({
          failure: { code: "IO", where: "large.h5ad", hint: expect.stringContaining("worker") },
        });
      } finally {
        await page.close();
        await server.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
});
