// Packs dist/cli and what it uses into a few files, dist/bin: hundreds of modules cost a short command a tenth of its
// time. Dependencies stay where npm puts them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const isDependency = (id) =>
  Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`));
const bundle = await rolldown({
  input: join(root, "dist/cli/main.js"),
  platform: "node",
  external: (id) => id.startsWith("node:") || id === "#h5wasm" || isDependency(id),
});
const { output } = await bundle.generate({ entryFileNames: "[name].js", chunkFileNames: "[name].js" });
await bundle.close();
const folder = join(root, "dist/bin");
mkdirSync(folder);
for (const { fileName, code } of output) writeFileSync(join(folder, fileName), code);
console.log(`program: ${output.length} files`);
