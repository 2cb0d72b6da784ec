"""``annotate``: labels for the cells of an AnnData."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anndata
import pandas as pd
from anndata import AnnData

from ._command import Command, find_command, run
from ._errors import AtlasmtlError
from ._files import MARKER, Held, matrix_of, other_matrices, own_file, same, write

#: Settings of ``predict`` that are about files, which are made here.
_OWN = {
    "adata": "pass the AnnData first",
    "out": "the result is set on adata",
    "out_dir": "call annotate for each sample",
    "out_format": "the result is set on adata",
    "dry_run": "it is about many samples: use the command",
    "in_place": "use copy=False, the default",
    "skip_matrices": "matrices are never copied",
    "config": "pass its settings as arguments",
    "split": "pass these cells: annotate(adata[cells])",
    "split_part": "pass these cells: annotate(adata[cells])",
}


def annotate(
    adata: AnnData,
    model: str | os.PathLike[str],
    *,
    copy: bool = False,
    command: Command | None = None,
    verbose: bool = False,
    **options: Any,
) -> AnnData | None:
    """Annotate cells with a trained model, by ``atlasmtl predict``.

    Sets ``adata.obs["pred_L"]``, ``adata.obs["conf_L"]`` and so on for each label column ``L`` of the model,
    ``adata.obsm`` if options ask for coordinates or probabilities, and ``adata.uns["atlasmtl"]``, as
    ``docs/outputs.md`` says. Results of an earlier run are replaced. If anything fails, ``adata`` is as it was.

    Parameters
    ----------
    adata
        Cells by genes; ``X`` is read, or what ``layer`` or ``use_raw`` names. It may be backed.
    model
        ``model.pth``, ``model_manifest.json`` or a ``.pkl`` of CellTypist.
    copy
        Return an annotated copy, and leave ``adata`` as it is.
    command
        The program: a path, or words such as ``["node", "dist/bin/main.js"]``. By default the variable
        ``ATLASMTL``, else ``atlasmtl`` on the PATH.
    verbose
        Show on stderr what the command says, and its progress.
    options
        Any option of ``atlasmtl predict --help`` by its name with underscores: ``layer="counts"``, ``adapt=True``,
        ``probabilities="top=3"``, ``consensus_by="leiden"``, ``only_labels=["B", "T"]``, ``report="report.html"``.

    Returns
    -------
    The copy, or None if ``adata`` was annotated in place.

    Raises
    ------
    AtlasmtlError
        With what happened, where, and how to fix it.
    """
    if not isinstance(adata, AnnData):
        raise TypeError(f"adata is a {type(adata).__name__}, expected an AnnData")
    for name in options:
        if name in _OWN:
            raise TypeError(f"annotate() takes no {name!r}: {_OWN[name]}")
    if adata.isbacked and adata.is_view and not copy:
        raise AtlasmtlError(
            "a view of a backed AnnData cannot be changed",
            where="adata",
            hint="take adata.to_memory(), or pass copy=True",
        )
    program = find_command(command)
    matrix = matrix_of(adata, options)
    with TemporaryDirectory(prefix="atlasmtl-") as name:
        folder = Path(name)
        query, out = folder / "adata.h5ad", folder / "result.h5ad"
        own = own_file(adata, matrix)
        held = Held(list(adata.obs.columns), list(adata.obsm.keys())) if own else write(adata, query, matrix)
        for option in ("only_labels", "exclude_labels"):
            labels = options.get(option)
            if labels is not None and not isinstance(labels, (str, os.PathLike)):
                # The command takes a file with a label a line, as labels may have commas.
                listed = folder / f"{option}.txt"
                listed.write_text("".join(f"{label}\n" for label in labels), encoding="utf8")
                options[option] = str(listed)
        settings = {
            **options,
            "model": os.fspath(model),
            "adata": [own or str(query)],
            "out": str(out),
            "skip_matrices": True,
        }
        names = {str(query): "adata", query.name: "adata", str(out): "the result", f", {MARKER}": ""}
        hints = {"--layer": other_matrices(adata)}
        run(program, "predict", settings, folder, names=names, verbose=verbose, hints=hints)
        result = anndata.read_h5ad(out)
    if result.n_obs != adata.n_obs:
        raise AtlasmtlError(f"the result has {result.n_obs} cells, adata {adata.n_obs}", code="BUG", where="result")
    target = (adata.to_memory() if adata.isbacked else adata.copy()) if copy else adata
    _set_obs(target, result, held.obs)
    _set_obsm(target, result, held.obsm)
    if "atlasmtl" in result.uns:
        target.uns["atlasmtl"] = result.uns["atlasmtl"]
    else:
        target.uns.pop("atlasmtl", None)
    return target if copy else None


def _set_obs(target: AnnData, result: AnnData, before: list[str]) -> None:
    """Sets the new columns, and takes away those of an earlier result, which the command has left out."""
    columns = list(result.obs.columns)
    if MARKER in columns:
        at = columns.index(MARKER)
        kept, new = columns[:at], columns[at + 1 :]
    else:  # the own file of a backed AnnData
        new = [name for name in columns if name not in before or not same(target.obs[name], result.obs[name])]
        kept = [name for name in columns if name not in new]
    values = {name: result.obs[name].array for name in new}
    for name in before:
        if name not in kept:
            del target.obs[name]
    for name, value in values.items():
        target.obs[name] = value


def _set_obsm(target: AnnData, result: AnnData, before: list[str]) -> None:
    """The same for obsm; arrays that are as they were are left alone."""
    for key in before:
        if key not in result.obsm:
            del target.obsm[key]
    for key, value in result.obsm.items():
        if key in target.obsm and same(target.obsm[key], value):
            continue
        target.obsm[key] = value.set_axis(target.obs_names, axis=0) if isinstance(value, pd.DataFrame) else value
