"""Writes a copy of an .h5ad file whose data lie beyond 5 GiB: python3 large_file.py FROM TO.

The first 5 GiB are a dataset that is allocated and never written, which takes no room on the disk.
"""

import sys

import h5py

source, target = sys.argv[1:]
with h5py.File(source, "r") as original, h5py.File(target, "w") as copy:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple((5 << 30,))
    h5py.h5d.create(copy.id, b"filler", h5py.h5t.NATIVE_UINT8, space, creation)
    for name in original:
        original.copy(name, copy)
    for name, value in original.attrs.items():
        copy.attrs[name] = value
