"""One table of all samples: cells, mean confidence and Unknown of each label column."""

import csv
import json
from pathlib import Path

rows = []
for path in snakemake.input:
    with open(path) as file:
        summary = json.load(file)
    row = {"sample": Path(path).stem, "n_cells": summary["n_cells"]}
    for label in summary["labels"]:
        row["mean_confidence_" + label["column"]] = label["mean_confidence"]
        row["unknown_" + label["column"]] = label["unknown"]
    rows.append(row)

with open(snakemake.output[0], "w", newline="") as file:
    writer = csv.DictWriter(file, fieldnames=list(rows[0]), delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
