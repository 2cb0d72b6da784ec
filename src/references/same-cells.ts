/** Names of cells that several references have, and whether they are the same cells. @module */
import type { Matrix, Notice } from "../anndata/types.ts";
import { grouped, shown } from "../core/shown.ts";
import { notice } from "../errors.ts";

/** Pairs of cells that are compared, and the share of equal ones from which the references have cells in common. */
const N_COMPARED = 20;
const SAME = 0.5;

export interface JoinedNames {
  /** Unique: where two references have one name, all of that reference stand after the reference's. */
  readonly index: readonly string[];
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

interface Part {
  readonly name: string;
  readonly index: readonly string[];
  readonly matrix: Matrix;
}

/** The names of all cells; pairs of cells of one name are compared by their values in the shared genes. */
export async function joinNames(parts: readonly Part[], signal?: AbortSignal): Promise<JoinedNames> {
  const firstOf = new Map<string, { readonly part: number; readonly row: number }>();
  const repeated = new Map<string, { part: number; row: number }[]>();
  for (const [part, { index }] of parts.entries())
    index.forEach((name, row) => {
      const first = firstOf.get(name);
      if (first === undefined) firstOf.set(name, { part, row });
      else if (first.part !== part) repeated.set(name, [...(repeated.get(name) ?? [first]), { part, row }]);
    });
  if (repeated.size === 0) return { index: parts.flatMap(({ index }) => index), notes: [], warnings: [] };
  const index = parts.flatMap(({ name, index: own }) => own.map((cell) => `${name}:${cell}`));
  const said = `${grouped(repeated.size)} names of cells occur in several references, such as ${shown([...repeated.keys()][0])}`;
  const compared = await compare(parts, [...repeated.values()], signal);
  if (compared.n > 0 && compared.nEqual >= SAME * compared.n)
    return {
      index,
      notes: [],
      warnings: [
        notice(
          `${said}, and ${compared.nEqual} of ${compared.n} pairs that were compared have the same values: the references have cells in common, which count twice`,
          { where: "obs names", hint: "leave the cells out of one of the references" },
        ),
      ],
    };
  return {
    index,
    notes: [
      notice(
        `${said}; ${compared.n === 0 ? "they were not compared" : "they are other cells"}, and are told apart by the names of the references`,
      ),
    ],
    warnings: [],
  };
}

/** Compares some pairs, spread over all; none where one row needs the whole matrix. */
async function compare(
  parts: readonly Part[],
  pairs: readonly (readonly { readonly part: number; readonly row: number }[])[],
  signal?: AbortSignal,
): Promise<{ readonly n: number; readonly nEqual: number }> {
  const isSlow = ({ matrix }: Part): boolean => matrix.isSequential === true || matrix.storage === "csc";
  if (parts.some(isSlow)) return { n: 0, nEqual: 0 };
  const n = Math.min(N_COMPARED, pairs.length);
  let nEqual = 0;
  for (let i = 0; i < n; i++) {
    const [a, b] = pairs[Math.floor((i * pairs.length) / n)];
    const [left, right] = [
      await valuesOf(parts[a.part].matrix, a.row, signal),
      await valuesOf(parts[b.part].matrix, b.row, signal),
    ];
    if (left === right) nEqual++;
  }
  return { n, nEqual };
}

/** A row as text, to compare; cells without any value are not equal to others. */
async function valuesOf(matrix: Matrix, row: number, signal?: AbortSignal): Promise<string | symbol> {
  const texts: string[] = [];
  for await (const { csr } of matrix.rows({ start: row, end: row + 1, signal }))
    csr.indices.forEach((gene, e) => {
      texts.push(`${gene}:${csr.data === null ? 1 : csr.data[e]}`);
    });
  return texts.length === 0 ? Symbol("empty") : texts.join();
}
