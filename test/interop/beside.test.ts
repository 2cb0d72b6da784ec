/** The Python package and the R file beside the command line: what they set is what it writes. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PYTHON, PYTHON_CURRENT, PYTHON_SCANPY } from "../helpers/python.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = join(root, "dist/bin/main.js");

test("the package has the version of the command", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(readFileSync(join(root, "python/pyproject.toml"), "utf8")).toContain(`\nversion = "${version}"\n`);
});

// It looks into /proc.
test.runIf(process.platform === "linux")(
  "Ctrl-C in Python ends the command, leaves no file behind and the AnnData as it was",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "atlasmtl-interrupt-"));
    try {
      const said = execFileSync(PYTHON, [here("beside_interrupt.py"), folder], {
        encoding: "utf8",
        env: { ...process.env, ATLASMTL: program, PYTHONPATH: join(root, "python/src") },
      });
      expect(said.trim()).toBe("2");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);

describeShared("Kang's cells, from Python and R", () => {
  const kang = sharedPath("data/pbmc_ifnb832_kang2018.h5ad");
  let folder: string;
  beforeAll(() => {
    if (!existsSync(program)) throw new Error('dist is missing: run "npm run build" first');
    folder = mkdtempSync(join(tmpdir(), "atlasmtl-beside-"));
    // scanpy's three lines; this trains the model that all others take.
    python(PYTHON_SCANPY ?? PYTHON_CURRENT ?? PYTHON, ...(PYTHON_SCANPY === undefined ? [] : ["short"]));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const python = (interpreter: string, ...more: string[]): string =>
    execFileSync(interpreter, [here("beside_python.py"), folder, kang, ...more], {
      encoding: "utf8",
      env: {
        ...process.env,
        ATLASMTL: program,
        PYTHONPATH: join(root, "python/src"),
        PYTHONIOENCODING: "utf8",
      },
    });

  test.each([PYTHON, PYTHON_CURRENT].filter((one) => one !== undefined))("Python: %s", (interpreter) => {
    const { checks } = JSON.parse(python(interpreter).trim().split("\n").at(-1)!) as { checks: number };
    expect(checks).toBeGreaterThan(30);
  });

  test("R: Seurat and SingleCellExperiment", (context) => {
    const found = spawnSync("Rscript", ["-e", "library(Seurat); library(SingleCellExperiment)"]);
    if (found.status !== 0 && process.env.CI !== "true") context.skip("no R with Seurat is here");
    const said = execFileSync(
      "Rscript",
      [
        here("beside_r.R"),
        folder,
        join(root, "r/atlasmtl.R"),
        sharedPath("data/rds/seurat5_muscularis540.rds"),
      ],
      { encoding: "utf8", env: { ...process.env, ATLASMTL: program } },
    );
    expect(said).toContain("checks, Seurat");
  });
});
