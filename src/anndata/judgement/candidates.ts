/** Judges the other matrices of a dataset, to name the one that fits. @module */
import type { AnnData, MatrixName } from "../types.ts";
import { judgeMatrix } from "./judge-matrix.ts";
import type { MatrixJudgement } from "./types.ts";

export interface Candidate {
  readonly name: MatrixName;
  readonly judgement: MatrixJudgement;
}

/** Every matrix of `adata`. */
export function matrixNames({ hasX, hasRaw, layerKeys }: AnnData): MatrixName[] {
  return [
    ...(hasX ? (["X"] as const) : []),
    ...layerKeys.map((key) => `layers/${key}` as const),
    ...(hasRaw ? (["raw/X"] as const) : []),
  ];
}

/** The judgements of all matrices but `except`; one that cannot be read or judged is left out. */
export async function judgeOthers(
  adata: AnnData,
  except: MatrixName,
  signal?: AbortSignal,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const name of matrixNames(adata)) {
    if (name === except) continue;
    const judgement = await adata
      .matrix(name)
      .then((matrix) => judgeMatrix(matrix, signal))
      .catch((error: unknown) => {
        if (signal?.aborted) throw error;
        return null;
      });
    if (judgement !== null) found.push({ name, judgement });
  }
  return found;
}
