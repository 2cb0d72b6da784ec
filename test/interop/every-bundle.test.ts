/**
 * Every kind of bundle, opened as a user of the Python original does: its predictions are those of this package, or the bundle says
 * an `input_transform` that the original does not know and refuses. No kind may be opened there and be wrong.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AnnData,
  adaptModel,
  buildModel,
  fitRefinement,
  openAnnData,
  predict,
  preprocessQuery,
  preprocessReference,
  savePreprocessed,
  saveRefinement,
  TrainedModel,
  type TrainOptions,
  viewRows,
} from "../../src/api/index.ts";
import { readRefinement } from "../../src/api/refinement-file.ts";
import { classifier, LOGISTIC, pickled, texts } from "../helpers/celltypist-pickles.ts";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { PYTHON, runPython } from "../helpers/python.ts";
import { hasShared, sharedPath } from "../helpers/shared.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const own = here("check_bundle.py");
const QUERY = SIMULATED.path("query.h5ad");
const COORDS = { latent: "X_ref_latent", umap: "X_umap" };
const SHORT = { numEpochs: 2, labelColumns: SIMULATED.columns.slice(0, 2) };
const NETWORK = { ...SHORT, linearViews: false } as const;
/** The words of `input_transform` that the Python original knows. */
const KNOWN = ["binary", "float"];

/** Whether the original opens it and predicts the same, or refuses it. */
type Ending = "right" | "refused";

/** Kinds that training alone makes, with their options. */
const TRAINED: readonly (readonly [string, Ending, Partial<TrainOptions>])[] = [
  ["the preset fast", "right", { preset: "fast" }],
  ["the preset original", "right", { preset: "original" }],
  ["the preset best", "refused", { preset: "best" }],
  ["the preset best as networks alone", "refused", { preset: "best", linearViews: false }],
  ["original, coordinates", "right", { preset: "original", coordTargets: COORDS }],
  [
    "original, donors as domains",
    "right",
    { preset: "original", domainKey: "donor", domainLossWeight: 0.5, domainLossMethod: "mean" },
  ],
  ["original, a map", "right", { preset: "original", embed: "umap" }],
  ["original, float", "right", { preset: "original", inputTransform: "float" }],
  ["original, kept columns", "right", { preset: "original", keepColumns: ["donor"] }],
  [
    "original, some genes",
    "right",
    { preset: "original", genes: ["CD3E", "CD79A", "COL1A1", "EPCAM", "LYZ"] },
  ],
  [
    "original, child correction",
    "right",
    {
      preset: "original",
      childCorrection: {
        parentLevel: "lineage",
        targetLevel: "type",
        hotspotParents: ["Lymphoid", "Stromal"],
      },
    },
  ],
  ["full", "right", { ...NETWORK, referenceStorage: "full" }],
  ["full, coordinates", "right", { ...NETWORK, referenceStorage: "full", coordTargets: COORDS }],
  ["normalised", "refused", { ...NETWORK, normalize: "log1p_cp10k" }],
  ["several networks", "right", { ...NETWORK, ensembleSize: 2, classWeighting: { mode: "balanced" } }],
];

interface Job {
  readonly name: string;
  readonly words?: readonly string[];
  readonly child?: readonly string[];
}
type Found = Readonly<Record<string, { readonly exit: number; readonly said: string }>>;

let folder = "";
const endings = new Map<string, Ending>();
let found: Found = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-every-"));
  const jobs: Job[] = [];
  const [whole, query] = [await openAnnData(SIMULATED.path("reference.h5ad")), await openAnnData(QUERY)];
  const reference = await viewRows(
    whole,
    Uint32Array.from({ length: 250 }, (_, i) => i),
  );
  const train = (options: Partial<TrainOptions>, on: AnnData = reference): Promise<TrainedModel> =>
    buildModel(on, { ...SHORT, ...options });

  /** Saves a model, predicts with it as it was saved, and asks for what Python makes of both. */
  async function add(
    name: string,
    ending: Ending,
    model: TrainedModel,
    { on = query, file = "model.pth" } = {},
  ): Promise<string> {
    const home = join(folder, name);
    mkdirSync(home);
    await model.save(join(home, file));
    const loaded = await TrainedModel.load(join(home, file));
    await (await predict(loaded, on)).toCsv(join(home, "predictions.csv"), "full");
    if (file.endsWith(".zip"))
      for (const [path, bytes] of Object.entries(unzipSync(readFileSync(join(home, file)))))
        writeFileSync(join(home, path), bytes);
    const manifest = join(home, "model_manifest.json");
    const predictions = ["--adata", on.source, "--predictions", join(home, "predictions.csv")];
    jobs.push({ name: `${name}, opened`, words: [manifest] });
    jobs.push({ name: `${name}, predicted`, words: [manifest, ...predictions] });
    if (name.endsWith("child correction"))
      jobs.push({
        name: "corrected labels",
        child: [manifest, ...predictions.filter((_, i) => i % 2 === 1)],
      });
    endings.set(name, ending);
    return manifest;
  }

  for (const [name, ending, options] of TRAINED) await add(name, ending, await train(options));
  const views = await train({ referenceStorage: "full" });
  await add("default, full", "refused", views);
  await add("adapted", "refused", await adaptModel(views, [query]));
  await add("an archive", "right", await train({ preset: "original" }), { file: "model.zip" });
  const panelled = await preprocessReference(reference, { nTopGenes: 150 });
  const ready = join(folder, "ready.h5ad");
  await savePreprocessed(ready, await preprocessQuery(query, panelled.panel));
  const prepared = await openAnnData(ready);
  await add("of a panel", "right", await train({ preset: "original" }, panelled.adata), { on: prepared });
  const pickle = new Map([
    ["m.pkl", pickled(classifier(LOGISTIC, { features: texts(["LYZ", "CD3E", "CD79A"]) }))],
  ]);
  await add("imported from CellTypist", "refused", await TrainedModel.load(pickle));

  const base = await train({ preset: "original", numEpochs: 12 });
  const manifest = await add("refined", "right", base);
  const artifact = join(folder, "refined", "reranker.pkl");
  await saveRefinement(artifact, await fitRefinement(base, reference, { parents: ["Lymphoid", "Stromal"] }));
  const { config } = await readRefinement(artifact);
  const refined = join(folder, "refined", "refined.csv");
  await (await predict(base, query, { refinementConfig: config })).toCsv(refined, "full");
  jobs.push({ name: "refined labels", child: [manifest, QUERY, refined, artifact] });
  await Promise.all([whole, query, prepared].map((adata) => adata.close()));

  const list = join(folder, "jobs.json");
  writeFileSync(list, JSON.stringify(jobs));
  const checker = hasShared ? sharedPath(`tools/${basename(own)}`) : own;
  found = JSON.parse(runPython(PYTHON, here("every_bundle.py"), checker, list)) as Found;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the checker of the repository is the shared one", () => {
  if (hasShared)
    expect(readFileSync(own, "utf8")).toBe(readFileSync(sharedPath("tools/check_bundle.py"), "utf8"));
  else console.log("skipped without ../shared: the checker of the repository is the shared one");
});

const transforms = (name: string): { manifest: unknown; metadata: string } => {
  const home = join(folder, name);
  const manifest = JSON.parse(readFileSync(join(home, "model_manifest.json"), "utf8")) as {
    input_transform: unknown;
  };
  return {
    manifest: manifest.input_transform,
    metadata: readFileSync(join(home, "model_metadata.pkl"), "latin1"),
  };
};

describe("in Python", () => {
  test("every kind ends as it should", () => {
    const seen = Object.fromEntries(
      [...endings.keys()].map((name) => {
        const { manifest, metadata } = transforms(name);
        expect(metadata, name).toContain(manifest);
        if (!KNOWN.includes(manifest as string)) return [name, "refused"];
        const { exit, said } = found[`${name}, predicted`];
        return [name, exit === 0 ? "right" : said];
      }),
    );
    expect(seen).toEqual(Object.fromEntries(endings));
    console.log(`bundles in Python: ${[...endings].map((pair) => pair.join(" ")).join(", ")}`);
  });

  test("what is refused would be wrong there, and its parts open", () => {
    for (const [name, ending] of endings) {
      const opened = found[`${name}, opened`];
      if (name === "imported from CellTypist") expect(opened.exit, opened.said).toBe(1);
      else expect([name, opened.exit, opened.said]).toEqual([name, 0, "0 findings\n"]);
      if (ending === "refused") expect(found[`${name}, predicted`].exit, name).toBe(1);
    }
  });

  test.each(["corrected labels", "refined labels"])("%s are the same there", (name) => {
    expect(found[name], found[name].said).toMatchObject({ exit: 0 });
  });
});
