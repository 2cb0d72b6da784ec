import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { platform } from "#platform";
import { editFile } from "./layout.ts";
import { fileSystem, loadHdf5 } from "./library.ts";
import { openHdf5 } from "./open.ts";
import { swapMembers, unlinkMembers } from "./remove-members.ts";
import { openWriter } from "./write.ts";

let path = "";
let unmount: () => Promise<void>;

beforeAll(async () => {
  const mounted = await platform.mountForHdf5(new Uint8Array(0), fileSystem(await loadHdf5()));
  path = mounted.path;
  unmount = mounted.unmount;
});
afterAll(() => unmount());

function makeGroup(names: readonly string[]): number {
  const file = openWriter(path, "create");
  file.createGroup("/g");
  for (const name of names) file.createGroup(`/g/${name}`);
  const header = file.headerOf("/g");
  file.finish();
  return header;
}

async function members(): Promise<readonly string[]> {
  const file = await openHdf5(path);
  const group = await file.open("g");
  await file.close();
  return group?.kind === "group" ? group.keys : [];
}

test("any members of a group of any size can go, and others can come in any order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 420 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      async (n, share, seed) => {
        const names = Array.from(
          { length: n },
          (_, i) => `n${Math.imul(i + 1, 2654435761 + 2 * seed) >>> 0}é`,
        );
        const gone = names.filter((_, i) => (Math.imul(i + seed, 40503) & 1023) / 1024 < share);
        const header = makeGroup(names);
        editFile(path, (file) => unlinkMembers(file, header, new Set([...gone, "never there"])));
        const left = new Set(names.filter((name) => !gone.includes(name)));
        expect(new Set(await members())).toEqual(left);

        const file = openWriter(path, "update");
        for (const name of gone) {
          expect(file.has(`/g/${name}`)).toBe(false);
          file.writeNumbers(`/g/${name}`, Int32Array.of(1), [1]);
          expect(file.has(`/g/${name}`)).toBe(true);
        }
        file.finish();
        expect(new Set(await members())).toEqual(new Set(names));
      },
    ),
    {
      numRuns: 12,
      examples: [
        [420, 0.99, 1],
        [300, 1, 2],
        [9, 0.5, 3],
        [8, 1, 4],
      ],
    },
  );
});

test("two members can trade names", async () => {
  const file = openWriter(path, "create");
  file.createGroup("/g");
  file.writeStrings("/g/a", ["first"], [1]);
  file.writeStrings("/g/b", ["second"], [1]);
  const header = file.headerOf("/g");
  file.finish();
  editFile(path, (editable) => swapMembers(editable, header, "a", "b"));
  const read = await openHdf5(path);
  const a = await read.open("g/a");
  expect(a?.kind === "array" && (await a.readStrings())).toEqual(["second"]);
  await read.close();
});
