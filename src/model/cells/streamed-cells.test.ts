import { expect, test } from "vitest";
import { randomCsr } from "../../../test/helpers/training-fixtures.ts";
import { createAnnData } from "../../anndata/containers/in-memory.ts";
import type { Csr } from "../../core/csr.ts";
import { normalizedRows, TARGET_SUM } from "../../core/normalize.ts";
import { longestRow } from "../../kernels/cell-parts.ts";
import { streamCells } from "./streamed-cells.ts";

const N = 300;
const noise = randomCsr(4, N, 40, 0.3, false);
const x: Csr = { ...noise, data: noise.data!.map((value) => Math.ceil(3 * value)) };
const rowOf = ({ indptr, indices, data }: Csr, row: number) => {
  const [from, to] = [indptr[row], indptr[row + 1]];
  return [[...indices.subarray(from, to)], data === null ? null : [...data.subarray(from, to)]];
};
const values = { binary: false, normalizes: false, thins: false };

async function cellsOf(of: Partial<typeof values> = {}, bufferCells = 70) {
  const names = (n: number) => ({ index: Array.from({ length: n }, (_, i) => `name ${i}`) });
  const adata = await createAnnData({ X: x, obs: names(N), var: names(x.nCols) });
  const matrix = await adata.matrix();
  return streamCells({ matrix, longestRow: longestRow(x), bufferCells, ...values, ...of }, {});
}

test.each([
  ["counts", {}, x],
  ["zeros and ones", { binary: true }, { ...x, data: null }],
  ["normalised counts", { normalizes: true }, normalizedRows(x, TARGET_SUM)],
  ["counts until thinning ends", { normalizes: true, thins: true }, x],
] as const)(
  "the parts of an epoch, held cells and blocks have the values of the matrix: %s",
  async (_, of, expected) => {
    const cells = await cellsOf(of);
    // Repeated and missing cells, as sampling by class draws them.
    const drawn = Uint32Array.from({ length: 333 }, (_, i) => (i * i * 7) % N);
    const { order, parts } = cells.pass(drawn, 5, 16);
    expect(order.toSorted()).toEqual(drawn.toSorted());
    let done = 0;
    let nParts = 0;
    for await (const { x: part, at } of parts!) {
      expect(done % 16).toBe(0);
      for (const [i, row] of at.entries()) expect(rowOf(part, row)).toEqual(rowOf(expected, order[done + i]));
      done += at.length;
      nParts++;
    }
    expect(done).toBe(drawn.length);
    expect(nParts).toBeGreaterThan(3);

    const rows = Uint32Array.of(0, 3, 150, 299);
    const { x: held, at } = await cells.held(rows);
    for (const [i, row] of rows.entries()) expect(rowOf(held, at[i])).toEqual(rowOf(expected, row));
    for (const some of [rows, null]) {
      const seen: unknown[] = [];
      for await (const block of cells.blocks(some))
        for (let r = 0; r < block.nRows; r++) seen.push(rowOf(block, r));
      const all = some ?? Uint32Array.from({ length: N }, (_, row) => row);
      expect(seen).toEqual(Array.from(all, (row) => rowOf(expected, row)));
    }
  },
);

test("cells that were thinned are normalised once thinning ends", async () => {
  const cells = await cellsOf({ normalizes: true, thins: true });
  cells.endThinning();
  const { x: held, at } = await cells.held(Uint32Array.of(7));
  expect(rowOf(held, at[0])).toEqual(rowOf(normalizedRows(x, TARGET_SUM), 7));
});
