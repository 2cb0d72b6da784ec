/** The data kept beside the project for developers and CI; tests that use it skip when it is absent. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const folder = fileURLToPath(new URL("../../../shared/", import.meta.url));
const present = existsSync(folder);

/** Absolute path of a file in the shared data. */
export const sharedPath = (path: string): string => `${folder}${path}`;

/** `describe` that skips, with a plain line, where the shared data is not there. */
export const describeShared = (name: string, body: () => void): void => {
  if (!present) console.log(`skipped without ../shared: ${name}`);
  describe.skipIf(!present)(name, body);
};
