/** `inspect` opens everything there is in the golden and odd sets and in `shared/data`, and says what it is. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { run } from "../../src/cli/program.ts";
import { describeGolden } from "../helpers/golden-sets.ts";
import { describeOdd } from "../helpers/odd-sets.ts";
import { hasShared, sharedPath } from "../helpers/shared.ts";
import {
  type Inspected,
  inspectedGolden,
  inspectedMade,
  inspectedShared,
  REAL_DATA,
  REAL_R_OBJECTS,
} from "./inspected.ts";

/** What is in the folders and no dataset or bundle. */
const OTHERS =
  /^(README\.md|hierarchy_rules\.json|facts\.json|.*\.py|oddities|gene_ids|celltypist_models|rds)$/;

interface Said {
  readonly code: number;
  readonly text: string;
  /** What stands on stderr. */
  readonly error: string;
}

async function runInspect(path: string): Promise<Said> {
  const [stdout, stderr] = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockReturnValue(true),
  );
  try {
    const code = await run(["inspect", path], new AbortController().signal);
    const text = (spy: typeof stdout): string => spy.mock.calls.map(([words]) => String(words)).join("");
    return { code, text: text(stdout), error: text(stderr) };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** What it prints of what it can read. */
async function inspect(path: string): Promise<string> {
  const { code, text, error } = await runInspect(path);
  expect([code, error]).toEqual([0, ""]);
  return text;
}

function testInspected(folder: string, all: readonly Inspected[]): void {
  test("is tried on everything there is", () => {
    const told = new Set(all.filter(([path]) => dirname(path) === folder).map(([path]) => basename(path)));
    const there = readdirSync(folder).filter((name) => !OTHERS.test(name) && !told.has(name));
    expect(there).toEqual([]);
  });

  const cases = all.map(([path, title, ...said]) => ({ name: basename(path), path, title, said }));
  test.each(cases)("$name is $title", async ({ path, title, said }) => {
    const text = await inspect(path);
    expect(text.split("\n")[0]).toBe(`${path}: ${title}`);
    for (const pattern of said) expect(text).toMatch(pattern);
    expect(text).not.toMatch(/cannot be read|Warnings|undefined|NaN|\[object/);
    expect(text.split("\n").length).toBeLessThan(60);
  });
}

describeGolden("inspect", (set) => testInspected(dirname(set.path("query.h5ad")), inspectedGolden(set)));

describeOdd("inspect", (set) =>
  testInspected(set.folder, set.name === "made" ? inspectedMade(set) : inspectedShared(set)),
);

// Real cells in a container that the sets above have.
if (hasShared)
  describe("inspect, real data", () => {
    testInspected(sharedPath("data"), REAL_DATA);
    testInspected(sharedPath("data/rds"), REAL_R_OBJECTS);

    test.each([
      ["celltypist_models", /^.*: a folder with 5 entries\n[\s\S]*RIRA_Immune_v2\.pkl/],
      ["rds", /^.*: a folder with 3 entries\n[\s\S]*datasets +sce_pancreas528\.rds/],
      ["gene_ids", /^.*: a folder with 1 entry\n/],
    ])("%s is no dataset", async (name, said) => {
      const text = await inspect(sharedPath(`data/${name}`));
      expect(text).toMatch(said);
      expect(text).not.toMatch(/atlasmtl (train|predict)/);
    });

    test("a model of CellTypist is shown as data", async () => {
      const text = await inspect(sharedPath("data/celltypist_models/RIRA_Immune_v2.pkl"));
      expect(text).toMatch(/RIRA_Immune_v2\.pkl: a trained model/);
      expect(text).toMatch(/6 classes/);
    });

    test("a pickle of another program is not executed, and the command fails as its reader does", async () => {
      const folder = mkdtempSync(join(tmpdir(), "atlasmtl-inspect-"));
      try {
        const path = join(folder, "other.pkl");
        writeFileSync(path, `cposix\nsystem\n(S'touch ${folder}/ran'\ntR.`);
        const { code, text, error } = await runInspect(path);
        expect([code, text]).toEqual([4, expect.stringMatching(/other\.pkl: cannot be read, /)]);
        expect(error).toMatch(/names the global "posix\.system"[\s\S]*never executed/);
        expect(readdirSync(folder)).toEqual(["other.pkl"]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
