/** Whether two files of runs say the same, times and memory aside. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identityModel, memoryQuery } from "../../test/helpers/predict-fixtures.ts";
import { smallModel } from "../../test/helpers/small-model.ts";
import { Float } from "../core/config.ts";
import { compareOutputs } from "./compare-outputs.ts";
import { predict, TrainedModel } from "./index.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-compare-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes `before` and `after` under names that end in `ending`; null writes nothing. */
async function compare(ending: string, before: string | null, after: string | null) {
  for (const [name, text] of Object.entries({ before, after }))
    if (text !== null) await writeFile(at(name + ending), text);
  return compareOutputs(at(`before${ending}`), at(`after${ending}`));
}

test.each([
  [".csv", "a\n", "a\n", "SAME"],
  [".csv", "a\n", "b\n", "DIFFERENT"],
  [".csv", "a\n", null, "MISSING"],
  [".csv", null, "a\n", "MISSING"],
  [".html", "<p>1 s</p>", "<p>2 s</p>", "HOLDS TIMES"],
  [".json", '{"n": 1}', '{"n": 2}', "DIFFERENT"],
  [".json", '{"n": 1}', "no JSON", "DIFFERENT"],
  [".json", '{"n": 1, "train_seconds": 1.5}', '{"n": 1, "train_seconds": 2.5}', "SAME BUT TIMES"],
] as const)("%s: %j and %j are %s", async (ending, before, after, verdict) => {
  expect(await compare(ending, before, after)).toBe(verdict);
});

test("digests of metadata differ with the times in them, and other digests count", async () => {
  const manifest = (key: string, digit: string) => JSON.stringify({ checksums: { [key]: digit.repeat(64) } });
  expect(await compare(".json", manifest("metadata_path", "a"), manifest("metadata_path", "b"))).toBe(
    "SAME BUT TIMES",
  );
  expect(await compare(".json", manifest("model_path", "a"), manifest("model_path", "b"))).toBe("DIFFERENT");
});

test("metadata of a bundle is compared without the times of training", async () => {
  const save = async (name: string, seconds: number, epochs: number) => {
    const { trainConfig } = smallModel();
    const changed = new Map([
      ...trainConfig,
      ["train_seconds", new Float(seconds)] as const,
      ["num_epochs", epochs] as const,
    ]);
    await new TrainedModel(smallModel({ trainConfig: changed })).save(at(`${name}.pth`));
    return at(`${name}_metadata.pkl`);
  };
  const first = await save("a", 1, 3);
  expect(await compareOutputs(first, await save("b", 2, 3))).toBe("SAME BUT TIMES");
  expect(await compareOutputs(first, await save("c", 1, 4))).toBe("DIFFERENT");
});

test("tables that hold metadata are compared cell by cell", async () => {
  const model = new TrainedModel(identityModel(null));
  const query = (first: number) => memoryQuery([[first, 1, 0]], ["g0", "g1", "g2"]);
  const options = { numThreads: 1 };
  const write = async (name: string, first: number, config: readonly (readonly [string, Float])[] = []) => {
    const result = await predict(model, query(first), options);
    for (const [key, value] of config) (result.data.metadata as Map<string, Float>).set(key, value);
    await result.toParquet(at(name));
    return at(name);
  };
  const first = await write("a.parquet", 3);
  const timed = await write("b.parquet", 3, [["predict_seconds", new Float(9)]]);
  expect((await readFile(first)).equals(await readFile(timed))).toBe(false);
  expect(await compareOutputs(first, timed)).toBe("SAME BUT TIMES");
  expect(await compareOutputs(first, await write("c.parquet", 2))).toBe("DIFFERENT");
});
