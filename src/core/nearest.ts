/** Finds the most similar valid name, for "did you mean". @module */

/**
 * The candidate that a misspelt `name` most likely means, or null if none is similar.
 *
 * Case is ignored, and `-`, `_` and blanks are equal. Two names are similar if they differ by at most a third
 * of the longer one in edits (at least one edit), or if one begins with the other. Of equals, the first wins.
 * Source: the optimal string alignment distance (Damerau 1964; Levenshtein 1966).
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const wanted = fold(name);
  let best: string | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const folded = fold(candidate);
    const longer = Math.max(wanted.length, folded.length);
    const shorter = Math.min(wanted.length, folded.length);
    const limit = Math.max(1, Math.floor(longer / 3));
    let cost = editDistance(wanted, folded, limit);
    if (cost > limit) {
      const isBeginning = shorter >= 3 && (folded.startsWith(wanted) || wanted.startsWith(folded));
      cost = isBeginning ? limit + 1 + (longer - shorter) / (longer + 1) : Number.POSITIVE_INFINITY;
    } else if (cost === longer) cost = Number.POSITIVE_INFINITY; // nothing in common
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}

/** `; did you mean "x"?` for the end of a message, or the empty string. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const best = nearest(name, candidates);
  return best === null ? "" : `; did you mean "${best}"?`;
}

/**
 * The names that a list with commas, given as one name, stands for; null unless all of them are there. Commas are part
 * of a name otherwise.
 */
export function namesInList(name: string, candidates: Iterable<string>): readonly string[] | null {
  const parts = name.split(",").map((part) => part.trim());
  const known = new Set(candidates);
  return parts.length > 1 && parts.every((part) => known.has(part)) ? parts : null;
}

function fold(text: string): string {
  return text.slice(0, 200).toLowerCase().replace(/[-\s]/g, "_");
}

/** Insertions, deletions, substitutions and swaps of neighbours; stops early beyond `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(previous[j] + 1, row[j - 1] + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      if (cost < smallest) smallest = cost;
    }
    if (smallest > limit) return limit + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length];
}
