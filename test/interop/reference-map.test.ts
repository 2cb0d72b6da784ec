/** The layout of a reference map against scikit-learn's measure of maps, and against umap-learn where it is installed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { DenseMatrix } from "../../src/core/dense.ts";
import { randomUniform, streamKey } from "../../src/core/rng.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import { fitNearnessCurve } from "../../src/model/embedding/curve.ts";
import { embedPoints } from "../../src/model/embedding/embed-points.ts";
import { PYTHON, runPython } from "../helpers/python.ts";

/** Points along bent threads, eight of them: near ones can be kept near on a map. */
function threads(n: number, nCols: number): DenseMatrix {
  const key = streamKey(1, "threads");
  const data = Float32Array.from({ length: n * nCols }, (_, i) => {
    const [row, column] = [Math.floor(i / nCols), i % nCols];
    const along = 6 * randomUniform(streamKey(2, "along"), row);
    const thread = row % 8;
    const centre = 16 * (randomUniform(streamKey(3, "centres"), thread * nCols + column) - 0.5);
    return centre + 3 * Math.sin(along + column) + randomUniform(key, i) / 2;
  });
  return { nRows: n, nCols, data };
}

test("a map keeps neighbours near by scikit-learn's measure, as umap-learn's does", async () => {
  const n = 800;
  const points = threads(n, 10);
  const places = await embedPoints(
    points,
    { nNeighbors: 15, curve: fitNearnessCurve(0.5, 1), epochs: 300, key: 1 },
    { engine: createReferenceEngine() },
  );
  const folder = mkdtempSync(join(tmpdir(), "map-"));
  try {
    const input = join(folder, "map.json");
    writeFileSync(input, JSON.stringify({ n, points: [...points.data], places: [...places.data] }));
    const script = fileURLToPath(new URL("reference_map.py", import.meta.url));
    const { ours, peer } = JSON.parse(runPython(PYTHON, script, input)) as {
      ours: number;
      peer: number | null;
    };
    expect(ours).toBeGreaterThan(0.95);
    if (peer !== null) expect(ours).toBeGreaterThan(peer - 0.02);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
