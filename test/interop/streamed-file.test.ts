import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { createSimulation, simulateCells } from "../../src/demo/simulate.ts";
import { simulatedAnnData } from "../../src/demo/simulated-anndata.ts";

test("a streamed file opens in Python with the same counts, labels and real booleans", async () => {
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  try {
    // More entries than one chunk of 65,536.
    const simulation = createSimulation({ nQuery: 700 });
    const path = join(folder, "query.h5ad");
    const adata = simulatedAnnData(simulation, "query");
    await writeDataset(adata, path, {});
    const script = fileURLToPath(new URL("streamed_file.py", import.meta.url));
    const seen = JSON.parse(execFileSync("/usr/bin/python3", [script, path], { encoding: "utf8" }));

    const { counts, states } = simulateCells(simulation, "query", 0, 700);
    expect(counts.indices.length).toBeGreaterThan(65_536);
    expect(seen).toEqual({
      shape: [700, 2000],
      sum: counts.data!.reduce((sum, value) => sum + value, 0),
      nnz: counts.indices.length,
      weighted: counts.data!.reduce((sum, value, e) => sum + value * (counts.indices[e] + 1), 0),
      obs: {
        lineage: "category",
        class: "category",
        type: "category",
        state: "category",
        donor: "category",
        is_unseen_type: "bool",
      },
      var: { is_marker: "bool", marker_of: "object" },
      states: Array.from(states, (state) => simulation.paths[state][3]),
      unseen: states.filter((state) => state === simulation.unseen).length,
      obs_names: adata.obs.index,
      var_names: simulation.genes,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
