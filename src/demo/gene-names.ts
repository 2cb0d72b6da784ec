/** Gene symbols that look like those of a real panel. @module */
import { randomBelow, streamKey } from "../core/rng.ts";

const LETTERS = ["A", "B", "C", "D"];

/** Each function makes a symbol from two random numbers below 1,000,000. */
const FAMILIES: readonly ((a: number, b: number) => string)[] = [
  (a) => `ZNF${1 + (a % 860)}`,
  (a, b) => `SLC${1 + (a % 52)}A${1 + (b % 30)}`,
  (a, b) => `TMEM${1 + (a % 270)}${b % 4 === 0 ? LETTERS[a % 4] : ""}`,
  (a, b) => `FAM${10 + (a % 230)}${LETTERS[b % 4]}`,
  (a) => `CCDC${1 + (a % 200)}`,
  (a, b) => `C${1 + (a % 22)}orf${1 + (b % 190)}`,
  (a, b) => `${b % 2 === 0 ? "RPL" : "RPS"}${1 + (a % 40)}`,
  (a, b) => `ANKRD${1 + (a % 65)}${b % 5 === 0 ? "B" : ""}`,
  (a) => `LRRC${1 + (a % 75)}`,
  (a, b) => `PPP${1 + (a % 6)}R${1 + (b % 16)}`,
  (a) => `DUSP${1 + (a % 28)}`,
  (a) => `USP${1 + (a % 54)}`,
  (a) => `RNF${1 + (a % 225)}`,
  (a) => `LINC${String(1 + (a % 2600)).padStart(5, "0")}`,
  (a) => `AC${String(a).padStart(6, "0")}.1`,
];

/** `n` distinct symbols, none of them in `taken`. */
export function geneSymbols(seed: number, n: number, taken: ReadonlySet<string>): string[] {
  const key = streamKey(seed, "gene-symbols");
  const symbols = new Set<string>();
  for (let draw = 0; symbols.size < n; draw++) {
    const family = FAMILIES[randomBelow(key, 3 * draw, FAMILIES.length)];
    const symbol = family(
      randomBelow(key, 3 * draw + 1, 1_000_000),
      randomBelow(key, 3 * draw + 2, 1_000_000),
    );
    if (!taken.has(symbol)) symbols.add(symbol);
  }
  return [...symbols];
}
