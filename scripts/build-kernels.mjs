// Compiles src/kernels/assembly to two WebAssembly modules, one for shared memory (threads) and one for plain
// memory (pages that are not cross-origin isolated), and embeds both in src/kernels/wasm/generated.ts, so that
// Node, browsers and bundlers load the same bytes without fetching anything. The code of threads that read is embedded likewise.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { rolldown } from "rolldown";
import { nativeVersion } from "./native-version.mjs";

const root = join(import.meta.dirname, "..");
const entry = join(root, "src/kernels/assembly/index.ts");
const target = join(root, "src/kernels/wasm/generated.ts");

async function compile(shared, extra = []) {
  let bytes = null;
  const features = ["--enable", "simd,threads,bulk-memory"];
  const memory = shared
    ? ["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"]
    : ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
  const { error, stderr } = await asc.main(
    [
      entry,
      "-o",
      "kernels.wasm",
      ...features,
      ...memory,
      "--runtime",
      "stub",
      "-O3",
      "--noAssert",
      "--use",
      "abort=",
      ...extra,
    ],
    { writeFile: (_name, contents) => (bytes = contents) },
  );
  if (error || bytes === null) throw new Error(stderr.toString());
  return Buffer.from(bytes);
}

const names = process.argv.includes("--debug") ? ["--debug"] : [];
const shared = await compile(true, names);
const plain = await compile(false, names);
writeFileSync(
  target,
  `// Written by scripts/build-kernels.mjs from src/kernels/assembly; not kept in git.

/** The kernels for shared memory, base64. */
export const SHARED_KERNELS: string = "${shared.toString("base64")}";
/** The same kernels for memory of one thread. */
export const PLAIN_KERNELS: string = "${plain.toString("base64")}";
`,
);
writeFileSync(
  join(root, "src/node/generated.ts"),
  `// Written by scripts/build-kernels.mjs; not kept in git.

/** The native kernels that this version of the program loads. */
export const NATIVE_VERSION: string = "${nativeVersion()}";
`,
);
console.log(`kernels: ${shared.length} bytes shared, ${plain.length} plain`);

/** A module with all that it imports, as text that sets the variable `name`. */
async function asText(module, name) {
  const bundle = await rolldown({ input: join(root, module), platform: "neutral", logLevel: "warn" });
  const { output } = await bundle.generate({ format: "iife", name, minify: true });
  await bundle.close();
  if (output.length !== 1) throw new Error(`${module} is more than one piece of code`);
  return output[0].code;
}

/** Embeds a module of threads, `NAME.ts`, in `NAME-code.ts` beside it. */
async function embed(path, constant, name) {
  writeFileSync(
    join(root, `${path}-code.ts`),
    `// Written by scripts/build-kernels.mjs from ${path}.ts; not kept in git.

/** The code of a thread: it sets the variable \`${name}\`. */
export const ${constant}: string = ${JSON.stringify(await asText(`${path}.ts`, name))};
`,
  );
}

await embed("src/anndata/read/rows-thread", "ROWS_THREAD", "rowsThread");
await embed("src/model/linear/views-thread", "VIEWS_THREAD", "viewsThread");
