// Compiles native/ to what Node loads: native/build/OS-PROCESSOR.node. Absent, the program runs WebAssembly.
//
//   node scripts/build-native.mjs                  for this machine, with its own compiler: CC, or cc
//   node scripts/build-native.mjs --sanitize       the same with AddressSanitizer and UBSan, to be run with libasan preloaded
//   node scripts/build-native.mjs --packages       for every machine, with zig (PyPI: ziglang; PYTHON, or python3), as packages in
//   [linux-arm64-gnu ...]                          native/build/npm, which npm installs where they fit; nothing publishes them
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** The machines that get a package: the target's name for zig, what npm compares with the machine, how to link. */
const SHARED = ["-shared", "-s"];
const APPLE = ["-shared", "-Wl,-undefined,dynamic_lookup"];
const MACHINES = {
  "linux-x64-gnu": { zig: "x86_64-linux-gnu.2.17", link: SHARED, libc: "glibc" },
  "linux-x64-musl": { zig: "x86_64-linux-musl", link: SHARED, libc: "musl" },
  "linux-arm64-gnu": { zig: "aarch64-linux-gnu.2.17", link: SHARED, libc: "glibc" },
  "linux-arm64-musl": { zig: "aarch64-linux-musl", link: SHARED, libc: "musl" },
  "darwin-x64": { zig: "x86_64-macos.11.0", link: APPLE },
  "darwin-arm64": { zig: "aarch64-macos.11.0", link: APPLE },
  "win32-x64": { zig: "x86_64-windows-gnu", link: SHARED },
};

/** Windows wants to know in advance which program has the functions of Node-API. */
async function importLibrary(zig) {
  const { def_paths: definitions } = createRequire(import.meta.url)("node-api-headers");
  const library = join(native, "build", "node.lib");
  const [command, ...first] = zig;
  await run(command, [
    ...first,
    "dlltool",
    "-m",
    "i386:x86-64",
    "-D",
    "node.exe",
    "-d",
    definitions.node_api_def,
    "-l",
    library,
  ]);
  return library;
}

async function writePackage(machine) {
  const { zig: target, link, libc } = MACHINES[machine];
  const [os, processor] = machine.split("-");
  const zig = [process.env.PYTHON ?? "python3", "-m", "ziglang"];
  const folder = join(native, "build", "npm", machine);
  mkdirSync(folder, { recursive: true });
  const more = os === "win32" ? [await importLibrary(zig)] : [];
  await compile({
    compiler: [...zig, "cc", "-target", target],
    processor,
    link: [...link, ...more],
    target: join(folder, "kernels.node"),
  });
  const { version, license, author, repository } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const about = {
    name: `@atlasmtl/${machine}`,
    version,
    description: `The native kernels of atlasmtl for ${machine}`,
    license,
    author,
    repository,
    main: "kernels.node",
    files: ["kernels.node"],
    os: [os],
    cpu: [processor],
    ...(libc === undefined ? {} : { libc: [libc] }),
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(about, null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  console.log(`${about.name}: ${folder}`);
}

const [option, ...machines] = process.argv.slice(2);
if (option === "--packages") {
  for (const machine of machines.length === 0 ? Object.keys(MACHINES) : machines) await writePackage(machine);
} else {
  const target = join(native, "build", `${process.platform}-${process.arch}.node`);
  if (!(process.arch in WIDTHS)) throw new Error(`no native kernels for ${process.arch}`);
  const checks =
    option === "--sanitize" ? ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"] : [];
  await compile({ compiler: [process.env.CC ?? "cc"], processor: process.arch, flags: checks, target });
  console.log(`native kernels: ${target}`);
}
