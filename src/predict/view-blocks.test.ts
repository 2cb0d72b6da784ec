import { afterEach, expect, test, vi } from "vitest";
import { platform } from "#platform";
import { csr } from "../../test/helpers/predict-fixtures.ts";
import { smallAdditions } from "../../test/helpers/small-model.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { createViewScorer, scoreViews } from "../model/linear/view-scores.ts";
import { nodeThreads } from "../node/workers.ts";
import { alignGenes } from "./align.ts";
import { measuredGenes } from "./measured-genes.ts";
import { createViewBlocks, type ViewBlocks } from "./view-blocks.ts";

/** As it is before a test watches it. */
const { start: original } = nodeThreads;
afterEach(() => vi.restoreAllMocks());

const { linear } = smallAdditions();
const genes = alignGenes(["a", "c"], ["a", "b", "c"], "q");
const measured = measuredGenes(genes);
const scorers = linear.views.map((view) => createViewScorer(view, measured));
const share = shareOfMeasured(linear.geneShares, measured);
const CELLS = [
  [5, 0, 1],
  [0, 0, 7],
  [2, 0, 2],
  [0, 0, 1],
];

/** What the network and the views say together of `cells`, the network being sure of nothing. */
function averaged(blocks: ViewBlocks, cells: readonly (readonly number[])[]): number[][] {
  const logits = logitsOf(cells);
  blocks.add(csr(cells), 0);
  blocks.average({ nRows: cells.length, logits, coords: [], latent: new Float32Array(0) }, 0, null);
  return logits.map((own) => [...own]);
}

const logitsOf = (cells: readonly (readonly number[])[]) =>
  [2, 3].map((nClasses) => new Float32Array(cells.length * nClasses));

test("what the views are known to say of a query's cells is what they say when asked", () => {
  const blocks = [CELLS.slice(0, 1), CELLS.slice(1)].map((cells) =>
    scoreViews({ ...linear, values: "log1p_cp10k" }, scorers, csr(cells), share),
  );
  // A shard begins at its own row of the query.
  for (const firstRow of [0, 2]) {
    const asked = createViewBlocks(linear, genes, "counts", "q");
    const known = createViewBlocks(linear, genes, "counts", "q");
    known.know({ values: "log1p_cp10k", blocks }, firstRow);
    expect(averaged(known, CELLS.slice(firstRow))).toEqual(averaged(asked, CELLS.slice(firstRow)));
  }
  // Of other cells they said something else.
  const other = createViewBlocks(linear, genes, "counts", "q");
  other.know({ values: "log1p_cp10k", blocks }, 0);
  expect(averaged(other, CELLS.slice(2))).not.toEqual(
    averaged(createViewBlocks(linear, genes, "counts", "q"), CELLS.slice(2)),
  );
});

test("what was said of values taken as something else is not taken over", () => {
  const blocks = [scoreViews({ ...linear, values: "as_they_are" }, scorers, csr(CELLS), share)];
  const known = createViewBlocks(linear, genes, "counts", "q");
  known.know({ values: "as_they_are", blocks }, 0);
  expect(averaged(known, CELLS)).toEqual(averaged(createViewBlocks(linear, genes, "counts", "q"), CELLS));
});

test("threads score what one thread scores, and nothing is lost where they end", async () => {
  const cells = Array.from({ length: 40 }, (_, i) => [i % 5, (i * 7) % 3, i % 11]);
  const many = { nCells: 1e9, numThreads: 3 };
  const expected = averaged(createViewBlocks(linear, genes, "counts", "q"), cells);
  const inThreads = async (): Promise<number[][]> => {
    const blocks = createViewBlocks(linear, genes, "counts", "q", many);
    const logits = logitsOf(cells);
    blocks.add(csr(cells), 0);
    blocks.close();
    await blocks.average({ nRows: cells.length, logits, coords: [], latent: new Float32Array(0) }, 0, null);
    return logits.map((own) => [...own]);
  };
  const start = vi.spyOn(platform.threads, "start");
  expect(await inThreads()).toEqual(expected);
  expect(start).toHaveBeenCalledTimes(3);
  let nReplies = 0;
  start.mockImplementation((body, listener) => {
    const reply = (message: unknown): void => {
      nReplies++;
      listener?.reply(message);
    };
    return original(body, { reply, failed: () => listener?.failed() });
  });
  expect(await inThreads()).toEqual(expected);
  expect(nReplies).toBe(3);
  start.mockImplementation((_body, listener) => original("function start() { process.exit(1); }", listener));
  expect(await inThreads()).toEqual(expected);
});
