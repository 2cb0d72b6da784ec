/** Keeps the work for a later visit, and takes it up again. */
import { type AnnData, createAnnData, PredictionResult, type WorkOptions } from "atlasmtl";
import { text } from "../text/en.ts";
import { predictOptions, resultView } from "./annotate.ts";
import { openDemoQuery } from "./demo.ts";
import { desk } from "./desk.ts";
import { type KeptAnnotation, keepWork, readWork } from "./kept-work.ts";
import { openModel } from "./model.ts";
import type { Note, OpenedWork } from "./views.ts";

/** A note where the work cannot be kept. */
export async function keep(): Promise<Note | null> {
  try {
    await keepWork(desk.needModel(), desk.annotation);
    return null;
  } catch (error) {
    const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
    return {
      message: isFull ? text.kept.full : text.kept.none,
      isWarning: true,
      where: isFull || !(error instanceof Error) ? null : error.message,
      hint: text.kept.saveFirst,
    };
  }
}

/** Opens the model that is kept, and what it gave. */
export async function openKept(withResult: boolean, work: WorkOptions): Promise<OpenedWork> {
  const { id, files, trained, annotation } = await readWork(withResult, work.signal);
  const model = await openModel(files, work, { id, trained });
  const isTrained = trained !== null;
  if (annotation === null) return { model, isTrained, result: null, query: null };
  await desk.close("query");
  const { data, settings, query, cells, drawn } = annotation;
  const adata = await cellsWithoutFile(annotation);
  desk.annotation = {
    result: new PredictionResult(data, [], predictOptions(settings)),
    settings,
    query: { name: query.name, adata, isDemo: query.isDemo },
    hasQueryFile: false,
    cells,
    model: desk.needModel(),
    drawn,
  };
  const opened = query.isDemo ? await openDemoQuery(work) : null;
  return { model, isTrained, result: resultView(desk.annotation), query: opened };
}

/** What tables and reports need of a query whose file is not open. */
async function cellsWithoutFile({ data, query, drawn }: KeptAnnotation): Promise<AnnData> {
  const { obsNames: index } = data;
  const columns = new Map(
    drawn.groups.map(({ column, categories, codes }) => {
      const own = Int32Array.from(codes, (code) => (code < categories.length ? code : -1));
      return [column, { kind: "categorical", categories, codes: own, ordered: false }] as const;
    }),
  );
  const map = { nRows: index.length, nCols: 2, data: drawn.points };
  const obsm = drawn.obsmKey === null ? {} : { [drawn.obsmKey]: map };
  const adata = await createAnnData({ obs: { index, columns }, var: { index: [] }, obsm });
  return { ...adata, source: query.name, nVars: query.nGenes };
}
