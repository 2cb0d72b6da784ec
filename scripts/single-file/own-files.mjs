// Stands for src/cli/own-files.ts in the single file, which is all of the program.
import { fileURLToPath } from "node:url";

export const checkoutFolder = null;
export const programFile = fileURLToPath(import.meta.url);
export const ownModules = () => [{ name: "atlasmtl.mjs", path: programFile }];
