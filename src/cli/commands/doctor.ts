/** `atlasmtl doctor`: what this machine is and can do, to paste into a report. @module */
import { AtlasmtlError } from "../../api/errors.ts";
import { VERSION } from "../../api/version.ts";
import type { CommandContext } from "../context.ts";
import { type Examined, examineMachine } from "../doctor/examine.ts";
import { problemsOf } from "../doctor/problems.ts";
import { byteSize, indent, plural, snakeKeys, table } from "../terminal/print.ts";

/** Prints the report. @throws UNSUPPORTED, of the environment, when something is found that keeps the program from working. */
export async function runDoctor({ output }: CommandContext): Promise<void> {
  const examined = await examineMachine();
  const problems = problemsOf(examined);
  output.result(reportText(examined));
  for (const { what, fix } of problems) output.result(`\nproblem: ${what}\n${indent(`fix: ${fix}`)}`);
  output.json({
    command: "doctor",
    ok: problems.length === 0,
    ...(snakeKeys(examined) as object),
    problems,
  });
  if (problems.length > 0)
    throw new AtlasmtlError("UNSUPPORTED", `${plural(problems.length, "problem")} found on this machine`, {
      where: "atlasmtl doctor",
      hint: problems[0].fix,
      subject: "environment",
    });
  output.note("no problem found");
}

function reportText({ program, node, system, engine, memory, hdf5, folders, environment }: Examined): string {
  const size = (bytes: number | null): string => (bytes === null ? "unknown" : byteSize(bytes));
  const rows = [
    ["atlasmtl", `${VERSION}, code ${program.codeSha256.slice(0, 16)}`],
    ["", `${program.path}${program.gitCommit === null ? "" : `, commit ${program.gitCommit}`}`],
    ["Node", `${node.version}, V8 ${node.v8}, ${node.path}`],
    ["system", `${system.os} ${system.release}, ${system.arch}`],
    ["processors", `${system.processors} usable of ${system.cores}, ${system.model}`],
    [
      "engine",
      engine.error !== null
        ? `does not start: ${engine.error}`
        : `${engine.name === "native" ? "native" : "WebAssembly with SIMD"}, ${plural(engine.threads, "thread")}, ` +
          (engine.sharedBytes === null
            ? "no shared memory"
            : `up to ${size(engine.sharedBytes)} of shared memory`),
    ],
    [
      "memory",
      `${size(memory.totalBytes)}, available ${size(memory.availableBytes)}, limit of the process ${memory.limitBytes === null ? "none" : size(memory.limitBytes)}, heap of JavaScript ${size(memory.heapLimitBytes)}`,
    ],
    ["HDF5", hdf5.error ?? `reads and writes ${hdf5.filters.join(", ")}`],
    ...folders.map(({ role, path, freeBytes, error }) => [
      role,
      error === null ? `${path}, can be written, ${size(freeBytes)} free` : `${path}: ${error}`,
    ]),
    ["environment", environment.length === 0 ? "no variable that matters is set" : environment.join(" ")],
  ];
  return table(rows);
}
