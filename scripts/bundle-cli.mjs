// Packs dist/cli and what it uses into a few files: hundreds of modules cost a short command a tenth of its time.
// Dependencies stay where npm puts them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const folder = fileURLToPath(new URL("../dist/cli", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const isDependency = (id) =>
  Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`));
const bundle = await rolldown({
  input: `${folder}/main.js`,
  platform: "node",
  external: (id) => id.startsWith("node:") || id === "#h5wasm" || isDependency(id),
});
const { output } = await bundle.generate({ entryFileNames: "[name].js", chunkFileNames: "[name].js" });
await bundle.close();
rmSync(folder, { recursive: true });
mkdirSync(folder);
for (const { fileName, code } of output) writeFileSync(join(folder, fileName), code);
console.log(`cli: ${output.length} files`);
