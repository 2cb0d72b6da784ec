/**
 * Values that stand in place of a file: a mapping or a list in a configuration file, and the same as the text of a flag, such as
 * `--child-correction '{parent_level: lineage, …}'`.
 * @module
 */
import { parseYaml } from "./yaml.ts";

/** A mapping or list as the text of a flag; any other value as it is. */
export function inlineText(value: unknown): unknown {
  return value instanceof Map || Array.isArray(value) ? JSON.stringify(plain(value)) : value;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, item] of value) object[String(key)] = plain(item);
  return object;
}

/** True of a text that is a mapping itself, not the name of a file. */
export const isInline = (text: string): boolean => text.startsWith("{");

/** The mapping that a text is, with mappings as Maps; null for any other text. @throws BAD_FORMAT for one that is broken. */
export async function inlineMapping(
  text: string,
  where: string,
): Promise<ReadonlyMap<unknown, unknown> | null> {
  if (!isInline(text)) return null;
  const value = await parseYaml(text, where);
  return value instanceof Map ? value : null;
}

/** The texts that an inline list has; null for any other text. @throws BAD_FORMAT for one that is broken. */
export async function inlineList(text: string, where: string): Promise<readonly string[] | null> {
  if (!text.startsWith("[")) return null;
  const value = await parseYaml(text, where);
  return Array.isArray(value) ? value.map(String) : null;
}
