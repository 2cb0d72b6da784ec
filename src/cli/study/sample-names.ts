/** What the samples of a study are called. @module */
import { basename, dirname, resolve } from "node:path";
import { containerByName } from "../../api/formats.ts";
import { webAddress } from "../../api/names.ts";

/**
 * A name for each file, no two alike whatever the case of letters: that of the file, without its ending. Files of one name
 * are called by what tells their folders apart: `S1/outs/matrix.h5` and `S2/outs/matrix.h5` are `S1` and `S2`.
 */
export function sampleNames(paths: readonly string[]): readonly string[] {
  const parts = paths.map(partsOf);
  const names = parts.map((each) => each.at(-1) ?? "");
  const groups = new Map<string, number[]>();
  names.forEach((name, i) => {
    const key = name.toLowerCase();
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  for (const same of groups.values()) {
    if (same.length < 2) continue;
    const own = same.map((i) => parts[i]);
    const first = commonLength(own);
    const last = commonLength(own.map((each) => each.slice(first).reverse()));
    for (const i of same) names[i] = parts[i].slice(first, parts[i].length - last).join("_");
  }
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name === "" ? "sample" : name;
    for (let n = 2; taken.has(own.toLowerCase()); n++) own = `${name}-${n}`;
    taken.add(own.toLowerCase());
    return own;
  });
}

/** The folders of a file, from the root, and its name without its ending. */
function partsOf(path: string): readonly string[] {
  const address = webAddress(path);
  const place = address === null ? resolve(path) : path.replace(/[?#].*$/, "").replace(/\/+$/, "");
  const folders = dirname(place)
    .split(/[/\\]+/)
    .filter((part) => part !== "");
  return [...folders, stemOf(basename(place))];
}

function stemOf(name: string): string {
  const plain = name.replace(/\.gz$/i, "");
  const ending = containerByName(plain)?.endings.find((each) => plain.toLowerCase().endsWith(each)) ?? "";
  return ending.length < plain.length ? plain.slice(0, plain.length - ending.length) : plain;
}

/** How many leading parts all have in common, at most all but one. */
function commonLength(lists: readonly (readonly string[])[]): number {
  const shortest = Math.min(...lists.map((list) => list.length));
  let n = 0;
  while (n < shortest - 1 && lists.every((list) => list[n] === lists[0][n])) n++;
  return n;
}
