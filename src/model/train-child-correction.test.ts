/** Training with child correction. */
import { describe, expect, test } from "vitest";
import { childCorrection, run } from "../../test/helpers/train-runs.ts";
import { tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { toPlain } from "../core/config.ts";

describe("child correction", () => {
  const work = { numEpochs: 6, childCorrection: { ...childCorrection, rankLossWeight: 0.5 } } as const;

  test("is part of the model, of its record and of its determinism", async () => {
    const { model } = await run(work);
    const again = await run(work);
    const { modules, config, parentHead, childHead } = model.childCorrection!;
    expect([parentHead, childHead, modules.length]).toEqual([0, 1, 1]);
    expect(modules[0].childIndices).toEqual([0, 1]);
    expect(modules[0].output.weight.some((w) => w !== 0)).toBe(true);
    expect(modules).toEqual(again.model.childCorrection!.modules);
    expect(model.trainConfig.get("parent_conditioned_child_correction")).toBe(config);
    expect(toPlain(model.trainConfig.get("final_learning_rate")!)).toBeCloseTo(0.001, 12);
  });

  test("on a frozen base changes its modules only, and starts from those of the earlier model", async () => {
    const { model: base } = await run();
    const frozen = { ...work, childCorrection: { ...work.childCorrection, mode: "frozen_base" } } as const;
    const first = await run({ ...frozen, initModel: base });
    expect(tensorsOf(first.model.weights)).toEqual(tensorsOf(base.weights));
    expect(first.warmStart!.notTaken).toContain("child_correction_modules.0.0.weight");
    const second = await run({ ...frozen, initModel: first.model, numEpochs: 1 });
    expect(second.warmStart!.notTaken).toEqual([]);
    const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((w, i) => Math.abs(w - b[i])));
    const hidden = (result: typeof first) => result.model.childCorrection!.modules[0].hidden.weight;
    expect(distance(hidden(first), hidden(second))).toBeLessThan(0.1);
    const cold = await run({ ...frozen, numEpochs: 1 });
    expect(cold.warnings.map(({ message }) => message).join()).toMatch(/network that has learnt nothing/);
  });

  test("is what the temperature is fitted to", async () => {
    const options = { ...work, valFraction: 0.3, calibrationMethod: "temperature_scaling" } as const;
    const temperature = async (residualScale: number) => {
      const { model } = await run({
        ...options,
        childCorrection: { ...work.childCorrection, residualScale },
      });
      const calibration = toPlain(model.trainConfig.get("calibration")!) as {
        temperatures: { [column: string]: number };
      };
      return calibration.temperatures.fine;
    };
    expect(await temperature(1)).not.toBe(await temperature(3));
  });
});
