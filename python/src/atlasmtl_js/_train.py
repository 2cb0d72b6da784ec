"""``train``: a model of one or several labelled AnnData."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anndata import AnnData

from ._command import Command, find_command, run
from ._files import MARKER, matrix_of, other_matrices, own_file, write

_OWN = {
    "in_place": "write to a new file",
    "config": "pass its settings as arguments",
    "modality": "pass the AnnData of the modality",
    "table": "pass the AnnData of the table",
}


def train(
    adata: AnnData | Mapping[str, AnnData],
    labels: str | Sequence[str],
    out: str | os.PathLike[str],
    *,
    command: Command | None = None,
    verbose: bool = False,
    **options: Any,
) -> Path:
    """Learn cell types from a labelled reference, by ``atlasmtl train``.

    Parameters
    ----------
    adata
        The reference, or several by name: ``{"blood": a, "lung": b}``, whose label columns are then called
        ``"blood:cell_type"``. ``X`` is read, or what ``layer`` or ``use_raw`` names.
    labels
        One or more columns of ``adata.obs``, coarse to fine.
    out
        The model to write; ends in ``.pth``.
    command, verbose
        As in :func:`annotate`.
    options
        Any option of ``atlasmtl train --help`` by its name with underscores: ``preset="fast"``, ``embed="umap"``,
        ``coord={"latent": "X_pca"}``, ``missing_labels="ignore"``.

    Returns
    -------
    The path of the model.

    Raises
    ------
    AtlasmtlError
        With what happened, where, and how to fix it.
    """
    references = dict(adata) if isinstance(adata, Mapping) else {"adata": adata}
    for name, reference in references.items():
        if not isinstance(reference, AnnData):
            raise TypeError(f"{name} is a {type(reference).__name__}, expected an AnnData")
        if not name or set("/\\:\0") & set(name) or name.startswith("."):
            raise ValueError(f"{name!r} cannot be the name of a reference")
    for name in options:
        if name in _OWN:
            raise TypeError(f"train() takes no {name!r}: {_OWN[name]}")
    program = find_command(command)
    matrices = {name: matrix_of(reference, options) for name, reference in references.items()}
    with TemporaryDirectory(prefix="atlasmtl-") as temporary:
        folder = Path(temporary)
        paths, names = [], {f", {MARKER}": ""}
        for name, reference in references.items():
            path = own_file(reference, matrices[name]) if len(references) == 1 else None
            if path is None:
                path = str(folder / f"{name}.h5ad")
                write(reference, Path(path), matrices[name])
                names.update({path: name, f"{name}.h5ad": name})
            paths.append(path)
        settings = {
            **options,
            "adata": paths,
            "labels": [labels] if isinstance(labels, str) else list(labels),
            "out": os.fspath(out),
        }
        hints = {"--layer": other_matrices(next(iter(references.values())))}
        run(program, "train", settings, folder, names=names, verbose=verbose, hints=hints)
    return Path(out)
