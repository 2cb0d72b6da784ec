"""Annotate an AnnData with the atlasmtl command.

    import atlasmtl_js

    atlasmtl_js.train(reference, labels=["cell_type"], out="model/model.pth")
    atlasmtl_js.annotate(query, model="model/model.pth")

Nothing is computed here: both write what the command reads, run it, and read what it wrote. The import name is not
``atlasmtl``, which is that of the Python original.
"""

from ._annotate import annotate
from ._errors import AtlasmtlError, AtlasmtlWarning
from ._train import train

__all__ = ["AtlasmtlError", "AtlasmtlWarning", "annotate", "train"]
