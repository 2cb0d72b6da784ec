/**
 * The ways in which files write the name of one gene: with blanks, a genome before it, the version of an id, an id and a
 * symbol in one, dots in place of dashes.
 * @module
 */

/** An Ensembl id of a gene, with its parts. */
const ENSEMBL = /^(ENS[A-Z]{0,4}G\d{6,})(\.\d+)?(_PAR_Y)?$/;
const ID_AND_SYMBOL = /^(ENS[A-Z]{0,4}G\d{6,})(?:\.\d+)?[_|:;-](.+)$/;
const SYMBOL_AND_ID = /^(.+)[_|:;-](ENS[A-Z]{0,4}G\d{6,})(?:\.\d+)?$/;
const GENOME = /^([A-Za-z]+\d+[A-Za-z0-9]*_+|(?:GRCh3[78]|GRCm3[89]|hg19|hg38|mm10|mm39)[_-]+)(?=.)/;

/** A genome is before at least this share of the names of its genes. */
const SHARED = 0.05;

/** What stands before many of `names`, such as `GRCh38_`, the most frequent first; of two species there are two. */
export function genomePrefixes(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const found = GENOME.exec(name.trim())?.[0];
    if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, n]) => n > 1 && n > SHARED * names.length)
    .sort((a, b) => b[1] - a[1])
    .map(([prefix]) => prefix);
}

/** A name without blanks around it and without the genome before it. */
export function bareName(name: string, prefixes: readonly string[]): string {
  const trimmed = name.trim();
  const prefix = prefixes.find((each) => trimmed.startsWith(each));
  return prefix === undefined ? trimmed : trimmed.slice(prefix.length);
}

/** Id and symbol of a name that has both, such as `ENSG00000141510_TP53`; null for others. */
export function idAndSymbol(name: string): { readonly id: string; readonly symbol: string } | null {
  if (ENSEMBL.test(name)) return null;
  const first = ID_AND_SYMBOL.exec(name);
  if (first !== null) return { id: first[1], symbol: first[2] };
  const last = SYMBOL_AND_ID.exec(name);
  return last === null ? null : { id: last[2], symbol: last[1] };
}

/** Other names of the same gene, the surest first. */
function spellings(name: string, prefixes: readonly string[]): readonly string[] {
  const bare = bareName(name, prefixes);
  const both = idAndSymbol(bare);
  if (both !== null) return [bare, both.id, both.symbol, dotted(both.symbol)];
  const [, id, , copy] = ENSEMBL.exec(bare) ?? [];
  if (id !== undefined) return copy === undefined ? [bare, id] : [bare];
  return [bare, dotted(bare)];
}

/** R puts dots in place of dashes, Seurat dashes in place of underscores; the mark keeps other names apart. */
const dotted = (symbol: string): string => `\0${symbol.replace(/[-_]/g, ".")}`;

/**
 * For each of `names` the gene of `wanted` that it means in another spelling; null where it means none, has that very name,
 * or where two genes could be meant. Genes in `taken` are left alone.
 */
export function matchSpellings(
  names: readonly string[],
  wanted: readonly string[],
  taken: ReadonlySet<string>,
): (string | null)[] {
  const meant = new Map<string, string | null>();
  const wantedPrefixes = genomePrefixes(wanted);
  for (const gene of wanted)
    for (const spelling of new Set(spellings(gene, wantedPrefixes))) {
      const known = meant.get(spelling);
      meant.set(spelling, known === undefined || known === gene ? gene : null);
    }
  const prefixes = genomePrefixes(names);
  return names.map((name) => {
    for (const spelling of spellings(name, prefixes)) {
      const gene = meant.get(spelling) ?? null;
      if (gene !== null && gene !== name && !taken.has(gene)) return gene;
    }
    return null;
  });
}
