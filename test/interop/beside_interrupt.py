"""Interrupts ``annotate`` of the Python package while the command reads: FOLDER. Prints how often it was interrupted."""

import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

warnings.simplefilter("ignore")
import atlasmtl_js  # noqa: E402

os.setsid()  # a process group of its own, as of a terminal
folder = Path(sys.argv[1])
temporary = folder / "temporary"
temporary.mkdir()
tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)


def cells(n, seed):
    random = np.random.default_rng(seed)
    types = random.integers(0, 4, n)
    rates = np.random.default_rng(0).gamma(0.3, 1, (4, 600))
    counts = sparse.csr_matrix(random.poisson(rates[types]).astype("float32"))
    obs = pd.DataFrame({"cell_type": pd.Categorical([f"t{one}" for one in types])}, index=[f"c{i}" for i in range(n)])
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(600)]))


def children():
    """The processes that this one has started and that have not ended."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in found]


def reads(pid):
    """True once the command has opened what it is to annotate."""
    try:
        return any(os.readlink(one).endswith("adata.h5ad") for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def interrupt(send, seen):
    for _ in range(6000):
        running = [pid for pid in children() if reads(pid)]
        if running:
            seen.extend(running)
            send()
            return
        time.sleep(0.01)


model = folder / "model" / "model.pth"
atlasmtl_js.train(cells(400, 1), labels=["cell_type"], out=model, preset="fast", num_epochs=1, random_state=1)
query = cells(8_000, 2)
del query.obs["cell_type"]
ways = {
    "a notebook tells Python alone": lambda: os.kill(os.getpid(), signal.SIGINT),
    "a terminal tells both": lambda: os.killpg(os.getpgrp(), signal.SIGINT),
}
for way, send in ways.items():
    seen = []
    threading.Thread(target=interrupt, args=(send, seen), daemon=True).start()
    try:
        atlasmtl_js.annotate(query, model=model)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError(f"{way}: annotate was not interrupted")
    assert len(seen) == 1, way
    assert not Path(f"/proc/{seen[0]}").exists(), f"{way}: the command goes on"
    assert list(temporary.iterdir()) == [], f"{way}: {list(temporary.rglob('*'))} is left"
    assert list(query.obs) == [] and "atlasmtl" not in query.uns, way
atlasmtl_js.annotate(query, model=model)
assert "pred_cell_type" in query.obs
print(len(ways))
