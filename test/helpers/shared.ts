/** The data kept beside the project for developers and CI; tests that use it skip when it is absent. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const folder = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** Whether the shared data are there. */
export const hasShared = existsSync(folder);

/** Absolute path of a file in the shared data. */
export const sharedPath = (path: string): string => `${folder}${path}`;

/** `describe` that skips, with a plain line, where the shared data is not there. */
export const describeShared = (name: string, body: () => void): void => {
  if (!hasShared) console.log(`skipped without ../shared: ${name}`);
  describe.skipIf(!hasShared)(name, body);
};
