/** Infers the namespace and species of gene names. @module */

/** The inferred properties of a set of gene names. */
export interface GeneSummary {
  /** `mixed` if Ensembl ids and other names are each more than 5 %; `entrez` for numbers that are no row numbers. */
  readonly namespace: "symbol" | "ensembl" | "entrez" | "mixed" | "unknown";
  /** True if most Ensembl ids end in a version, like `ENSG00000141510.18`. */
  readonly isVersioned: boolean;
  /** A guess, such as `human`; null if unknown. */
  readonly species: string | null;
  /** A genome prefix of every name, such as `GRCh38_`; null without one. */
  readonly prefix: string | null;
}

const ENSEMBL = /^ENS([A-Z]{0,4})G\d{6,}(\.\d+)?$/;

/** By the letters between `ENS` and `G`. */
const ENSEMBL_SPECIES: ReadonlyMap<string, string> = new Map([
  ["", "human"],
  ["MUS", "mouse"],
  ["RNO", "rat"],
  ["DAR", "zebrafish"],
  ["MMU", "rhesus macaque"],
  ["MFA", "crab-eating macaque"],
  ["PTR", "chimpanzee"],
  ["SSC", "pig"],
  ["GAL", "chicken"],
  ["BTA", "cattle"],
  ["CAF", "dog"],
]);

/** Symbols that only mouse or only rat has. */
const MOUSE_ONLY = /^(Gm\d+|[A-Z0-9]+Rik)$/;
const RAT_ONLY = /^(RGD\d+|AABR\d+\.\d+|AC\d+\.\d+|LOC\d{6,}|Rn\d+)$/;

/** At least two letters, without blanks. */
const SYMBOL = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._/@:-]*$/;
const GENOME_PREFIX = /^([A-Za-z]+\d+[A-Za-z0-9]*|mm10|hg19|hg38)_+(?=.)/;

/** Inspects the stored names. */
export function inspectGenes(names: readonly string[]): GeneSummary {
  const prefix = commonPrefix(names);
  const bare =
    prefix === null
      ? names
      : names.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
  const ids = bare.filter((name) => ENSEMBL.test(name));
  const symbols = bare.filter((name) => !ENSEMBL.test(name) && SYMBOL.test(name));
  const share = names.length === 0 ? 0 : ids.length / names.length;
  const symbolShare = names.length === 0 ? 0 : symbols.length / names.length;
  const areNumbers = names.length > 1 && names.every((name) => /^\d+$/.test(name));
  const areRows = areNumbers && names.every((name, row) => Number(name) === Number(names[0]) + row);
  const namespace =
    areNumbers && !areRows
      ? "entrez"
      : share >= 0.95
        ? "ensembl"
        : share > 0.05
          ? "mixed"
          : symbolShare >= 0.5
            ? "symbol"
            : "unknown";
  return {
    namespace,
    isVersioned: ids.length > 0 && ids.filter((name) => name.includes(".")).length * 2 > ids.length,
    species: ids.length * 2 >= names.length ? speciesOfIds(ids) : speciesOfSymbols(symbols),
    prefix,
  };
}

/** The name of a genome that most gene names begin with. */
function commonPrefix(names: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const name of names) {
    const found = GENOME_PREFIX.exec(name)?.[0];
    if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  for (const [prefix, n] of counts) if (n * 2 > names.length) return prefix;
  return null;
}

function speciesOfIds(ids: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const letters = ENSEMBL.exec(id)?.[1] ?? "";
    counts.set(letters, (counts.get(letters) ?? 0) + 1);
  }
  const known = [...counts]
    .filter(([, n]) => n * 20 > ids.length)
    .sort((a, b) => b[1] - a[1])
    .map(([letters]) => ENSEMBL_SPECIES.get(letters) ?? `ENS${letters}`);
  return known.length === 0 ? null : known.join(" and ");
}

/** Human symbols are in capitals; mouse and rat symbols begin with a capital. */
function speciesOfSymbols(symbols: readonly string[]): string | null {
  const words = symbols.filter((name) => /^[A-Za-z]{2}/.test(name));
  if (words.length < 10) return null;
  const capitals = words.filter((name) => !/[a-z]/.test(name.replace(/orf(?=\d)/, ""))).length / words.length;
  const titles =
    words.filter((name) => /^[A-Z][a-z]/.test(name) && !/orf\d/.test(name)).length / words.length;
  if (capitals >= 0.9) return "human";
  if (titles < 0.7) return capitals >= 0.3 && titles >= 0.3 ? "human and mouse or rat" : null;
  const nMouse = words.filter((name) => MOUSE_ONLY.test(name)).length;
  const nRat = symbols.filter((name) => RAT_ONLY.test(name)).length;
  if (nMouse > nRat) return "mouse";
  return nRat > nMouse ? "rat" : "mouse or rat";
}
