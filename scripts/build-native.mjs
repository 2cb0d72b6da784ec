// Compiles native/ to what Node loads: native/build/OS-PROCESSOR.node. Absent, the program runs WebAssembly.
//
//   node scripts/build-native.mjs            for this machine, with its own compiler: CC, or cc
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { nativeVersion, STRUCTS } from "./native-version.mjs";

const root = join(import.meta.dirname, "..");
const native = join(root, "native");
const run = promisify(execFile);

/** `-ffp-contract=off`: no fused multiply-add. Nothing here may change a result: no fast-math. */
const FLAGS = [
  "-std=gnu11",
  "-O3",
  "-fPIC",
  "-ffp-contract=off",
  "-fno-strict-aliasing",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-Wall",
];
const WIDTHS = {
  x64: { 128: ["-msse4.1"], 256: ["-mavx2"], 512: ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq"] },
  arm64: { 128: [] },
};

/** The records of the AssemblyScript as C: every field is a word. */
function structs() {
  const source = readFileSync(STRUCTS, "utf8");
  const records = [...source.matchAll(/export class (\w+) \{(.*?)\n\}/gs)].map(([, name, body]) => {
    const fields = [...body.matchAll(/^ {2}(\w+): (u32|f32|usize);$/gm)].map(
      ([, field, type]) => `  ${type === "usize" ? "address" : type} ${field};`,
    );
    return `typedef struct {\n${fields.join("\n")}\n} ${name};\n`;
  });
  if (records.length < 8) throw new Error(`${STRUCTS} has ${records.length} records`);
  return `// Written by scripts/build-native.mjs from src/kernels/assembly/structs.ts.\n\n${records.join("\n")}`;
}

/** Compiles the kernels of each width, the threads and the addon with `compiler`, and links them to `target`. */
export async function compile({ compiler, processor, flags = [], link = ["-shared"], target }) {
  const work = join(tmpdir(), `atlasmtl-native-${process.pid}-${processor}`);
  mkdirSync(work, { recursive: true });
  mkdirSync(join(native, "build"), { recursive: true });
  writeFileSync(join(work, "structs.h"), structs());
  const { include_dir: headers } = createRequire(import.meta.url)("node-api-headers");
  const [command, ...first] = compiler;
  const object = async (source, name, more) => {
    const path = join(work, `${name}.o`);
    const all = [...first, ...FLAGS, ...flags, `-I${work}`, ...more, "-c", join(native, source), "-o", path];
    await run(command, all);
    return path;
  };
  try {
    const version = `-DATLASMTL_NATIVE_VERSION="${nativeVersion()}"`;
    const objects = await Promise.all([
      ...Object.entries(WIDTHS[processor]).map(([width, more]) =>
        object("index.c", `kernels${width}`, [`-DWIDTH=${width}`, ...more]),
      ),
      object("pool.c", "pool", ["-pthread"]),
      object("addon.c", "addon", [`-I${headers}`, "-DNAPI_VERSION=8", version]),
    ]);
    await run(command, [...first, ...flags, ...link, "-pthread", ...objects, "-o", target]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const target = join(native, "build", `${process.platform}-${process.arch}.node`);
if (!(process.arch in WIDTHS)) throw new Error(`no native kernels for ${process.arch}`);
await compile({ compiler: [process.env.CC ?? "cc"], processor: process.arch, target });
console.log(`native kernels: ${target}`);
