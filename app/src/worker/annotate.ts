/** Annotates the query and makes plain arrays of the result. */
import {
  chooseEmbedding,
  type LabelPrediction,
  options,
  type PredictedLabels,
  PredictionResult,
  type Predictions,
  type PredictOptions,
  predict,
  type WorkOptions,
} from "atlasmtl";
import { type Annotation, desk } from "./desk.ts";
import { note, warning } from "./notes.ts";
import { cellsOf } from "./query-cells.ts";
import type { AnnotateSettings, CellDetails, GroupView, LevelView, ResultView } from "./views.ts";

const NO_CODE = 65535;
const UNKNOWN = "Unknown";
/** A column with more classes tells cells apart, not groups. */
const MAX_GROUPS = 1000;

/** The options that a user's choices mean; the command line takes the same. */
export const predictOptions = (settings: AnnotateSettings): PredictOptions => ({
  layer: settings.layer,
  knnCorrection: settings.neighbours ? "second_opinion" : "off",
  confidenceLow: settings.confidenceLow,
  knownLoss: settings.knownLoss,
});

export async function annotate(settings: AnnotateSettings, work: WorkOptions): Promise<ResultView> {
  const [query, model] = [desk.need("query"), desk.needModel()];
  const own = await chooseEmbedding(query.adata, new Map());
  // Coordinates of a million cells fill hundreds of megabytes, and only those that are drawn are of use here.
  const given: PredictOptions = { ...predictOptions(settings), keepCoords: own === null, numThreads: "max" };
  const found = await predict(model.model, query.adata, given, work);
  const map = own ?? (await chooseEmbedding(query.adata, found.data.coords, work));
  const coords = drawnCoords(found.data.coords, map);
  const result = new PredictionResult({ ...found.data, coords }, [], given);
  work.signal?.throwIfAborted();
  desk.annotation = {
    result,
    settings,
    query,
    hasQueryFile: true,
    cells: await cellsOf(query, settings.layer),
    model,
    drawn: {
      groups: await groupViews(),
      points: map === null ? new Float32Array(2 * query.adata.nObs) : Float32Array.from(map.points.data),
      pointsName: map?.name ?? "",
      obsmKey: query.adata.obsmKeys.find((key) => map?.name.endsWith(`own ${key}`)) ?? null,
    },
  };
  return resultView(desk.annotation);
}

type Coords = Predictions["coords"];

/** Those that are drawn as they are; all, where what is drawn is computed of them. */
function drawnCoords(coords: Coords, map: Awaited<ReturnType<typeof chooseEmbedding>>): Coords {
  const drawn = [...coords].filter(([, points]) => points === map?.points);
  return drawn.length > 0 ? new Map(drawn) : coords;
}

/** A result as the page has it; the arrays are copies. */
export function resultView({ result, settings, query, drawn }: Annotation): ResultView {
  const { data } = result;
  return {
    query: query.name,
    nCells: data.obsNames.length,
    names: data.obsNames,
    levels: data.labels.map(levelView),
    reasons: options.UNKNOWN_REASONS,
    groups: drawn.groups.map((group) => ({ ...group, codes: group.codes.slice() })),
    points: drawn.points.slice(),
    pointsName: drawn.pointsName,
    notes: [...result.warnings.map(warning), ...result.notes.map(note)],
    settings,
  };
}

function levelView(label: LabelPrediction): LevelView {
  const { column, final, raw, conf, margin, unknownReasons, second, secondConf, distance } = label;
  const { usedKnn, isLowConf, isLowKnnConf } = label;
  const categories = [...raw.categories.filter((name) => name !== UNKNOWN), UNKNOWN];
  return {
    column,
    categories,
    unknownCode: categories.length - 1,
    final: recode(final, categories),
    likely: recode(raw, categories),
    conf: conf.slice(),
    margin: margin.slice(),
    reason: Int8Array.from(unknownReasons),
    second: second === undefined ? null : recode(second, categories),
    secondConf: secondConf?.slice() ?? null,
    distance: distance?.slice() ?? null,
    isDisputed: usedKnn.map((used, cell) => used & isLowConf[cell] & isLowKnnConf[cell]),
  };
}

/** Codes into `categories`; those of missing values are {@link NO_CODE}. */
function recode({ codes, categories: from }: PredictedLabels, categories: readonly string[]): Uint16Array {
  const to = Uint16Array.from(from, (name) => {
    const code = categories.indexOf(name);
    return code < 0 ? NO_CODE : code;
  });
  return Uint16Array.from(codes, (code) => (code < 0 ? NO_CODE : to[code]));
}

/** Donors, batches and other groups of the query by which a result can be looked at. */
async function groupViews(): Promise<GroupView[]> {
  const { adata } = desk.need("query");
  const views: GroupView[] = [];
  for (const name of adata.obs.columns) {
    const column = await adata.obs.column(name).catch(() => null);
    if (column?.kind !== "categorical" || column.categories.length > MAX_GROUPS) continue;
    if (column.categories.length < 1) continue;
    views.push({
      column: name,
      categories: column.categories,
      codes: Uint16Array.from(column.codes, (code) => (code < 0 ? NO_CODE : code)),
    });
  }
  return views;
}

export function cellDetails(cell: number): CellDetails {
  const data: Predictions = desk.needAnnotation().result.data;
  const nameOf = ({ codes, categories }: PredictedLabels): string | null => categories[codes[cell]] ?? null;
  return {
    levels: data.labels.map(({ column, usedKnn, knn, knnVoteFrac, nearest }) => {
      const voted = usedKnn[cell] === 1 || !Number.isNaN(knnVoteFrac[cell]);
      return {
        column,
        vote: voted ? nameOf(knn) : null,
        voteShare: voted ? knnVoteFrac[cell] : null,
        nearest: nearest === undefined ? null : nameOf(nearest),
      };
    }),
  };
}
