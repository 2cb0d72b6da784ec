/**
 * The file of `--child-correction`: the settings of docs/specification/2-training.md#child-correction by their
 * snake_case names.
 * @module
 */

import type { ChildCorrectionOptions } from "../../api/index.ts";
import { didYouMean, snakeName } from "../../api/names.ts";
import { CHILD_OPTIONS } from "../../api/option-tables.ts";
import { asSubject, usageError } from "../terminal/show-error.ts";
import { flagName } from "./flag.ts";
import { inlineMapping, isInline } from "./inline.ts";
import { readYaml } from "./yaml.ts";

const KEYS = new Map(Object.keys(CHILD_OPTIONS).map((name) => [snakeName(name), name]));

/**
 * The options that a YAML or JSON file holds, or a text that is the mapping itself; the library checks their values.
 * @throws USAGE for a file that is no mapping or an unknown name, NOT_FOUND, IO, LIMIT or BAD_FORMAT as reading does.
 */
export async function readChildCorrection(path: string): Promise<ChildCorrectionOptions> {
  const data = await asSubject(
    "usage",
    async () => (await inlineMapping(path, flagName("childCorrection"))) ?? (await readYaml(path)),
  );
  if (!(data instanceof Map))
    throw usageError("the file holds no mapping of settings", path, "write one `name: value` per line");
  const options: Record<string, unknown> = Object.create(null);
  for (const [given, value] of data) {
    const name = String(given);
    const key = KEYS.get(name);
    if (key === undefined)
      throw usageError(
        `unknown setting "${name}"${didYouMean(name, KEYS.keys())}`,
        `${isInline(path) ? flagName("childCorrection") : path} › ${name}`,
        `use any of ${[...KEYS.keys()].join(", ")}`,
      );
    options[key] = value;
  }
  return options as unknown as ChildCorrectionOptions;
}
