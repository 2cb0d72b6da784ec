// How the code of other packages comes into `dist` and into the single file.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rolldown } from "rolldown";

export const converted = join(import.meta.dirname, "../build/packages");

/** Packages of the command line that are CommonJS, and what is used of each. They need Node's `require`, which no chunk of the library may hold. */
const COMMON_JS = { commander: ["Command", "Option"], "cli-progress": ["SingleBar"] };

/** Of packages that have several builds, the one that runs in Node and in browsers; of those in CommonJS, what {@link convertCommonJs} makes. */
export const resolution = {
  conditionNames: ["browser", "import", "default"],
  mainFields: ["module", "main"],
  alias: Object.fromEntries(Object.keys(COMMON_JS).map((name) => [name, join(converted, `${name}.js`)])),
};

/** Makes an ES module of each of them. Returns the modules that went into it. */
export async function convertCommonJs() {
  const doors = Object.entries(COMMON_JS).map(([name, values]) => [
    join(converted, `${name}.door.js`),
    `export { ${values.join(", ")} } from "${name}";`,
  ]);
  mkdirSync(converted, { recursive: true });
  for (const [path, text] of doors) writeFileSync(path, text);
  const input = Object.fromEntries(doors.map(([path]) => [basename(path, ".door.js"), path]));
  const bundle = await rolldown({ input, platform: "node" });
  const { output } = await bundle.write({ dir: converted, format: "es" });
  await bundle.close();
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}
