"""Tables in Parquet files, by pandas and pyarrow.

    parquet_files.py write FOLDER   one table in every compression, page format and encoding; its values as JSON
    parquet_files.py show FILE      what pandas reads of a table, as JSON
"""
import itertools
import json
import os
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ENCODINGS = {
    "cell": "DELTA_BYTE_ARRAY",
    "text": "DELTA_LENGTH_BYTE_ARRAY",
    "names": "DELTA_BYTE_ARRAY",
    "whole": "DELTA_BINARY_PACKED",
    "maybe": "DELTA_BINARY_PACKED",
    "large": "DELTA_BINARY_PACKED",
    "single": "BYTE_STREAM_SPLIT",
    "double": "BYTE_STREAM_SPLIT",
}


def table():
    n = 1000
    rng = np.random.default_rng(0)
    labels = [["T", "B", "NK", None][i % 4] for i in range(n)]
    return pd.DataFrame(
        {
            "category": pd.Categorical(labels),
            "text": labels,
            "names": [f"é{i * 7919}😀" for i in range(n)],
            "single": rng.random(n).astype("float32"),
            "double": np.where(np.arange(n) % 7 == 0, np.nan, rng.random(n)),
            "whole": np.arange(n) - 500,
            "byte": np.arange(n).astype("uint8"),
            "large": (np.arange(n) + 4294966000).astype("uint32"),
            "maybe": pd.array([None if i % 5 == 0 else i * 1000003 for i in range(n)], dtype="Int64"),
            "flag": np.arange(n) % 3 == 0,
            "perhaps": [None if i % 6 == 0 else i % 2 == 0 for i in range(n)],
            "nothing": [None] * n,
        },
        index=pd.Index([f"cell_{i}" for i in range(n)], name="cell"),
    )


def values(frame):
    plain = lambda v: None if pd.isna(v) else v.item() if hasattr(v, "item") else v
    return {"index": list(frame.index), **{name: [plain(v) for v in frame[name]] for name in frame}}


def write(folder):
    frame = table()
    for codec, pages, packed in itertools.product(
        ["snappy", "gzip", "zstd", "lz4", None], ["1.0", "2.0"], [True, False]
    ):
        frame.to_parquet(
            os.path.join(folder, f"{codec}-{pages}-{packed}.parquet"),
            compression=codec,
            data_page_version=pages,
            use_dictionary=packed,
            row_group_size=300,
            data_page_size=500,
        )
    plain = frame.assign(category=frame["text"])
    for pages in ["1.0", "2.0"]:
        pq.write_table(
            pa.Table.from_pandas(plain),
            os.path.join(folder, f"encoded-{pages}.parquet"),
            use_dictionary=False,
            column_encoding=ENCODINGS,
            data_page_version=pages,
        )
    print(json.dumps(values(frame)))


def show(path):
    frame = pd.read_parquet(path)
    about = pq.read_schema(path).metadata
    print(json.dumps({"values": values(frame.set_index("obs_name")), "keys": [key.decode() for key in about]}))


{"write": write, "show": show}[sys.argv[1]](sys.argv[2])
