"""Shows tables in obsm as anndata reads them: python3 probabilities.py FILE, as JSON by key: index, columns, dtypes, values."""
import json
import sys
import warnings

warnings.simplefilter("ignore")
import anndata

path = sys.argv[1]
adata = anndata.read_zarr(path) if path.endswith(".zarr") else anndata.read_h5ad(path)
shown = {}
for key, frame in adata.obsm.items():
    assert frame.index.equals(adata.obs_names)
    values = {name: [None if value != value else value for value in frame[name].tolist()] for name in frame.columns}
    shown[key] = {"columns": list(frame.columns), "dtypes": [str(dtype) for dtype in frame.dtypes], "values": values}
print(json.dumps(shown))
