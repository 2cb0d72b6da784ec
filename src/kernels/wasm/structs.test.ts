import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as structs from "./structs.ts";

const source = readFileSync(new URL("../assembly/structs.ts", import.meta.url), "utf8").replace(
  /\/\*[\s\S]*?\*\//g,
  "",
);

function fieldsOf(name: string): { name: string; type: string }[] {
  const body = new RegExp(`export class ${name} \\{([^}]*)\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`assembly/structs.ts has no class ${name}`);
  return [...body.matchAll(/(\w+): (\w+);/g)].map((match) => ({ name: match[1], type: match[2] }));
}

const records: [string, readonly string[]][] = [
  ["Layer", structs.LAYER],
  ["Head", structs.HEAD],
  ["Network", structs.NETWORK],
  ["Scratch", structs.SCRATCH],
  ["Batch", structs.BATCH],
  ["Optimizer", structs.OPTIMIZER],
  ["Step", structs.STEP],
  ["Search", structs.SEARCH],
];

test.each(records)("%s has the same fields in both languages", (name, fields) => {
  const declared = fieldsOf(name);
  expect(declared.map((field) => field.name)).toEqual([...fields]);
  const words = { u32: new Uint32Array(64), f32: new Float32Array(64) };
  const ones = Object.fromEntries(fields.map((field) => [field, 1])) as Record<string, number>;
  structs.writeRecord(words, 0, fields, ones);
  declared.forEach(({ type }, i) => {
    expect([words.f32[i], words.u32[i]]).toEqual(type === "f32" ? [1, 0] : [0, 1]);
  });
});

test("constants that both languages state are equal", () => {
  const read = (file: string) => readFileSync(new URL(`../assembly/${file}`, import.meta.url), "utf8");
  expect(read("pool.ts")).toContain(`const CONTROL: usize = ${structs.CONTROL.address};`);
  const tile = /TILE_GENES: u32 = (\d+);/.exec(read("step.ts"))?.[1];
  const batch = readFileSync(new URL("./batch.ts", import.meta.url), "utf8");
  expect(batch).toContain(`const TILE_GENES = ${tile};`);
});
