/** Thresholds of prediction sets that training stores. */
import { describe, expect, test } from "vitest";
import { strings } from "../../test/helpers/memory-anndata.ts";
import { base, childCorrection, fine, N, run } from "../../test/helpers/train-runs.ts";
import { toPlain } from "../core/config.ts";
import { heldOutCellsNeeded } from "./conformal.ts";
import type { TrainResult } from "./train.ts";
import { splitValidation } from "./validation-split.ts";

describe("thresholds of prediction sets", () => {
  interface Stored {
    readonly coverages: readonly number[];
    readonly columns: {
      readonly [column: string]: { readonly n: number; readonly thresholds: readonly number[] };
    };
  }
  const calibrated = { valFraction: 0.3, calibrationMethod: "temperature_scaling", numEpochs: 3 } as const;
  const stored = ({ model }: TrainResult): Stored =>
    (toPlain(model.trainConfig.get("calibration")!) as unknown as { conformal: Stored }).conformal;

  test("are stored for each label column, from the cells held out that have a label", async () => {
    const some = fine.map((name, r) => (r % 2 === 0 ? null : name));
    const obs = { ...base.obs, fine: strings(some) };
    const result = await run({ ...calibrated, missingLabels: "ignore" }, { obs });
    const { val } = splitValidation(N, 0.3, result.seeds.split);
    const { coverages, columns } = stored(result);
    expect([coverages[0], coverages.at(-1)]).toEqual([0.5, 0.99]);
    expect(columns.coarse.n).toBe(27);
    expect(columns.fine.n).toBe([...val].filter((row) => some[row] !== null).length);
    for (const { n, thresholds } of Object.values(columns))
      expect(thresholds).toHaveLength(
        coverages.filter((coverage) => heldOutCellsNeeded(coverage) <= n).length,
      );
  });

  test("come from the held-out cells of all members of an ensemble, and from corrected logits", async () => {
    const alone = stored(await run(calibrated));
    const ensemble = stored(await run({ ...calibrated, ensembleSize: 3 }));
    expect(ensemble.columns.fine.n).toBe(3 * 27);
    const corrected = stored(await run({ ...calibrated, childCorrection }));
    expect(corrected.columns.fine.thresholds).not.toEqual(alone.columns.fine.thresholds);
  });

  test("are not there without calibration", async () => {
    expect((await run({ valFraction: 0.3, numEpochs: 1 })).model.trainConfig.get("calibration")).toBe(null);
  });
});
