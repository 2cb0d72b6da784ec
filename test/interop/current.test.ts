/** Files go both ways between this package and the newest releases of Python's packages. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { columnStrings } from "../../src/anndata/read/column-values.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { Column } from "../../src/anndata/types.ts";
import { writeAnnotated } from "../../src/anndata/write/append.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { openHdf5 } from "../../src/formats/hdf5/open.ts";
import { ODD_SETS } from "../helpers/odd-sets.ts";
import { describeCurrent, runPython } from "../helpers/python.ts";
import { smallModel } from "../helpers/small-model.ts";

const script = fileURLToPath(new URL("current_files.py", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-current-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeCurrent("the newest releases", (python) => {
  const run = (...args: string[]) => JSON.parse(runPython(python, script, ...args));

  test("are what runs", () => {
    const versions: Record<string, string> = run("versions");
    console.log(
      `newest releases: ${Object.entries(versions)
        .map((pair) => pair.join(" "))
        .join(", ")}`,
    );
    expect(Number(versions.numpy.split(".")[0])).toBeGreaterThanOrEqual(2);
  });

  test.each(["external", "full"] as const)(
    "load the encoders and the reference of a bundle, %s",
    async (storage) => {
      const path = join(folder, storage, "model.pth");
      await saveModel(smallModel({ referenceStorage: storage }), path);
      const seen = run("bundle", path.replace(".pth", "_manifest.json"));
      expect(seen.encoders.level2).toEqual({
        classes: ["a", "\uffee", "😀"],
        codes: [2, 1, 0],
        back: ["😀", "\uffee", "a"],
        dtype: "object",
      });
      expect(seen.coords.X_ref_umap).toMatchObject(["float32", [4, 1], expect.any(Number)]);
      expect(Object.keys(seen.labels)).toEqual(["level1", "level2"]);
      expect(seen.genes).toEqual(["g1", "__proto__", "g3"]);
      const { model } = await loadModel(path);
      expect(model.labelHeads).toEqual(smallModel().labelHeads);
    },
  );

  test.each(["object", "string", "category", "unicode"])(
    "write pickles that are read here, with classes from an array of kind %s",
    async (kind) => {
      const path = join(folder, `again ${kind}`, "model.pth");
      await saveModel(smallModel(), path);
      run("repickle", path.replace(".pth", "_manifest.json"), kind);
      const { model } = await loadModel(path, { verifyChecksums: false });
      expect(model.labelHeads).toEqual(smallModel().labelHeads);
      expect(model.coordHeads).toEqual(smallModel().coordHeads);
      expect(await model.reference()).toEqual(await smallModel().reference());
    },
  );

  test("write columns of every kind that are read here, and read them again beside what is added", async () => {
    const expected = run("anndata", folder);
    const path = join(folder, "strings.h5ad");
    const adata = await openAnnData(path);
    expect(adata.obs.index).toEqual(expected.index);
    for (const [name, values] of Object.entries<(string | boolean | null)[]>(expected.columns)) {
      const shown = values.map((value) => (typeof value === "boolean" ? (value ? "True" : "False") : value));
      expect([name, columnStrings(await adata.obs.column(name))]).toEqual([name, shown]);
    }
    expect(await adata.uns("none")).toBe(null);
    const n = adata.nObs;
    const csr = await readCompactCsr(await adata.matrix(), { binary: false });
    expect(csr.indices.length).toBe(expected.X.flat().filter((x: number) => x !== 0).length);
    await adata.close();

    const added: Column = {
      kind: "categorical",
      codes: new Int32Array(n),
      categories: ["T é"],
      ordered: false,
    };
    const out = join(folder, "annotated.h5ad");
    await writeAnnotated(path, out, { obs: new Map([["pred_x", added]]) });
    const seen = run("show", out);
    expect(seen.X).toEqual(expected.X);
    expect(Object.keys(seen.obs)).toEqual([...Object.keys(expected.columns), "pred_x"]);
    expect(seen.obs.pred_x).toEqual(["category", new Array(n).fill("T é")]);
    expect(seen.obs.strings[1]).toEqual(expected.columns.strings);
  });

  test("write arrays under every compression filter that are read here", async () => {
    const { made, strings, numbers, compound } = run("filters", folder);
    expect(Object.keys(made)).toHaveLength(9);
    for (const [kind, names] of Object.entries<string[]>(made)) {
      const file = await openHdf5(join(folder, `${kind}.h5`));
      for (const name of names) {
        const array = await file.open(name);
        if (array?.kind !== "array") throw new Error(`${kind} ${name} is no array`);
        expect(array.filters.length).toBeGreaterThan(0);
        if (name === "compound") {
          expect([kind, Array.from((await array.readField("n")).values as Int32Array)]).toEqual([
            kind,
            compound,
          ]);
          expect((await array.readField("index")).values).toEqual(
            strings.fixed.map((text: string) => text.replace("f", "c")),
          );
        } else if (array.element === "string")
          expect([kind, name, await array.readStrings()]).toEqual([kind, name, strings[name]]);
        else {
          const values = Array.from((await array.readNumbers()) as Float32Array, Number);
          expect([kind, name, values]).toEqual([kind, name, numbers[name]]);
          const part = Array.from((await array.readNumbers(1501, 1507)) as Float32Array, Number);
          const width = values.length / 3000;
          expect(part).toEqual(values.slice(1501 * width, 1507 * width));
        }
      }
      await file.close();
    }
  });

  test.each(
    ODD_SETS.flatMap(({ files }) => [files.anndata06, files.anndata07]).map((path) => [basename(path), path]),
  )("read %s with predictions added", async (name, path) => {
    const adata = await openAnnData(path);
    const n = adata.nObs;
    const added: Column = {
      kind: "categorical",
      codes: new Int32Array(n),
      categories: ["T"],
      ordered: false,
    };
    const out = join(folder, name);
    await writeDataset(adata, out, { obs: new Map([["pred_x", added]]) });
    await adata.close();
    const [before, after] = [run("show", path), run("show", out)];
    expect(after).toEqual({
      ...before,
      obs: { ...before.obs, pred_x: ["category", new Array(n).fill("T")] },
    });
  });
});
