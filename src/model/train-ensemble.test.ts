/** Training of several networks in one. */
import { describe, expect, test } from "vitest";
import { childCorrection, run } from "../../test/helpers/train-runs.ts";
import { toPlain } from "../core/config.ts";
import type { Progress } from "../core/progress.ts";

test("progress counts the epochs of all networks and says which network learns", async () => {
  const reports: Progress[] = [];
  await run({ ensembleSize: 2, numEpochs: 3 }, {}, { onProgress: (report) => reports.push(report) });
  const training = reports.filter(({ phase }) => phase === "train");
  expect(training.every(({ total }) => total === 6)).toBe(true);
  expect(training.map(({ done, part }) => [Math.ceil(done), part])).toEqual(
    expect.arrayContaining([
      [3, "network 1 of 2"],
      [4, "network 2 of 2"],
      [6, "network 2 of 2"],
    ]),
  );
  reports.length = 0;
  await run({ numEpochs: 1 }, {}, { onProgress: (report) => reports.push(report) });
  expect(reports.filter(({ part }) => part !== undefined)).toEqual([]);
});

describe("an ensemble", () => {
  test("holds the network of the same seed, and others beside it; the streams are named", async () => {
    const alone = (await run({ numEpochs: 2, valFraction: 0.2 })).model;
    const { model, seeds } = await run({ numEpochs: 2, valFraction: 0.2, ensembleSize: 3 });
    expect(model.shape.hiddenSizes).toEqual([36, 18]);
    const [first, joined] = [alone.weights.encoder[0], model.weights.encoder[0]];
    expect(joined.weight.subarray(0, first.weight.length)).toEqual(first.weight);
    expect(joined.weight.subarray(first.weight.length, 2 * first.weight.length)).not.toEqual(first.weight);
    expect(Object.keys(seeds)).toEqual([
      "random_state",
      ...["", "_2", "_3"].flatMap((m) => [`init${m}`, `shuffle${m}`, `dropout${m}`, `split${m}`]),
      "component_cells",
      "components",
    ]);
    expect(toPlain(model.trainConfig.get("ensemble_size")!)).toBe(3);
    expect((await model.reference()).coords.get("X_ref_latent_internal")!.nCols).toBe(18);
  });

  test("holds out other cells for each member, and calibrates on them", async () => {
    const options = { valFraction: 0.3, calibrationMethod: "temperature_scaling", numEpochs: 4 } as const;
    const { model } = await run({ ...options, ensembleSize: 3 });
    const temperatures = (own: typeof model) =>
      (toPlain(own.trainConfig.get("calibration")!) as { temperatures: { fine: number } }).temperatures.fine;
    const alone = (await run(options)).model;
    expect(temperatures(model)).toBeGreaterThan(0);
    expect(temperatures(model)).not.toBe(temperatures(alone));
    expect(temperatures((await run({ ...options, ensembleSize: 3 })).model)).toBe(temperatures(model));
  });

  test("counts its members' epochs in the progress", async () => {
    const seen: number[] = [];
    await run(
      { numEpochs: 2, ensembleSize: 2 },
      {},
      {
        onProgress: ({ phase, done, total }) => {
          if (phase === "train" && Number.isInteger(done)) seen.push(done, total);
        },
      },
    );
    expect(seen).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
  });

  test("is no starting point for, and no base of, something else", async () => {
    const { model } = await run({ numEpochs: 1 });
    for (const extra of [{ initModel: model }, { childCorrection }])
      await expect(run({ ensembleSize: 2, ...extra })).rejects.toMatchObject({ code: "USAGE" });
  });
});
