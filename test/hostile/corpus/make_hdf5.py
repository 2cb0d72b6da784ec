"""Makes what h5wasm cannot write: prints hdf5-blobs.ts. Run it with h5py 3 and redirect its output."""

import base64
import gzip
import os
import tempfile
import zlib

import h5py
import numpy as np


def frame(file, name, index, order=()):
    group = file.create_group(name)
    group.attrs["encoding-type"] = "dataframe"
    group.attrs["encoding-version"] = "0.2.0"
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", list(order), dtype=h5py.string_dtype())
    group.create_dataset("_index", data=index, dtype=h5py.string_dtype())
    return group


def base(path):
    file = h5py.File(path, "w", libver="earliest")
    frame(file, "obs", ["c0", "c1"])
    frame(file, "var", ["g0", "g1", "g2"])
    return file


def dense(dataset):
    dataset.attrs["encoding-type"] = "array"
    dataset.attrs["encoding-version"] = "0.2.0"


def external_storage(path):
    with base(path) as file:
        external = [("/etc/passwd", 0, 24)]
        dense(file.create_dataset("X", (2, 3), dtype="f4", external=external))


def virtual(path):
    with base(path) as file:
        layout = h5py.VirtualLayout((2, 3), dtype="f4")
        layout[:] = h5py.VirtualSource("secret.h5", "X", shape=(2, 3))
        dense(file.create_virtual_dataset("X", layout))


def unwritten(path):
    """Declares 2^40 cells in a few kilobytes: nothing of them is stored."""
    with base(path) as file:
        del file["obs"]
        obs = frame(file, "obs", [])
        del obs["_index"]
        obs.create_dataset("_index", (2**40,), dtype=h5py.string_dtype(), chunks=(1024,))
        dense(file.create_dataset("X", (2**40, 3), dtype="f4", chunks=(1024, 3)))


def unwritten_numbers(path):
    """Four billion values in one column, in chunks of four gigabytes."""
    with base(path) as file:
        dense(file.create_dataset("X", (2, 3), dtype="f4"))
        file["obs"].create_dataset("big", (2,), dtype="f8", chunks=(2,), maxshape=(None,))
        file["obs"].attrs.create("column-order", ["big"], dtype=h5py.string_dtype())
        file["obs/big"].resize((2**29 - 1,))


def one_chunk(path):
    """A chunk of 800 MB of zeros that takes 800 KB in the file."""
    with base(path) as file:
        dense(file.create_dataset("X", (2, 3), dtype="f4"))
        layers = file.create_group("layers")
        zeros = np.zeros((2, 10**8), "f4")
        dense(layers.create_dataset("bomb", data=zeros, chunks=zeros.shape, compression="gzip"))


def packed(path):
    """Nothing is wrong with it; its filter is changed in the test."""
    with base(path) as file:
        dense(file.create_dataset("X", data=np.ones((2, 3), "f4"), compression="gzip"))


def repeated(path, letters, n, chunk):
    """A column of `n` cells points to one text again and again, which is stored once."""
    with base(path) as file:
        dense(file.create_dataset("X", (2, 3), dtype="f4"))
        kind = h5py.string_dtype()
        once = file.create_dataset("once", (1,), dtype=kind, chunks=(1,))
        once[0] = "x" * letters
        file.flush()
        _, pointer = once.id.read_direct_chunk((0,))
        column = file["obs"].create_dataset("text", (n,), dtype=kind, chunks=(chunk,), compression="gzip")
        for at in range(0, n, chunk):
            column.id.write_direct_chunk((at,), zlib.compress(pointer * chunk, 9))
        file["obs"].attrs.create("column-order", ["text"], dtype=kind)


def repeated_text(path):
    repeated(path, 1_000_000, 1_000_000, 1_000_000)


def repeated_short_text(path):
    repeated(path, 100, 10_000_000, 1_000_000)


def overlapping(path, n, **filters):
    """A column of `n` cells whose texts lie in `n` heaps of a megabyte, which begin 48 bytes after each other."""
    size = 2**20
    heap = b"GCOL" + bytes([1, 0, 0, 0]) + size.to_bytes(8, "little")
    text = (1).to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(4)
    heap += text + (size - 32).to_bytes(8, "little") + b"x" * 16
    with base(path) as file:
        dense(file.create_dataset("X", (2, 3), dtype="f4"))
        kind = h5py.string_dtype()
        heaps = file.create_dataset("heaps", data=np.frombuffer(heap * n + bytes(size), "u1"))
        start = heaps.id.get_offset()
        pointers = b"".join(
            (16).to_bytes(4, "little") + (start + len(heap) * i).to_bytes(8, "little") + (1).to_bytes(4, "little")
            for i in range(n)
        )
        del file["obs"]
        obs = frame(file, "obs", [f"c{i}" for i in range(n)], ["text"])
        column = obs.create_dataset("text", (n,), dtype=kind, chunks=(n,), **filters)
        # The filters are not applied to this chunk.
        column.id.write_direct_chunk((0,), pointers, filter_mask=1 if filters else 0)
        del file["X"]
        dense(file.create_dataset("X", (n, 3), dtype="f4"))


def overlapping_heaps(path):
    overlapping(path, 2000)


def overlapping_heaps_of_lzf(path):
    overlapping(path, 2000, compression="lzf")


MAKERS = (
    external_storage,
    virtual,
    unwritten,
    unwritten_numbers,
    one_chunk,
    packed,
    repeated_text,
    repeated_short_text,
    overlapping_heaps,
    overlapping_heaps_of_lzf,
)

print("/** Made by make_hdf5.py with h5py; gzip in base64. */")
print("export const HDF5_BLOBS = {")
with tempfile.TemporaryDirectory() as folder:
    for make in MAKERS:
        path = os.path.join(folder, "file.h5ad")
        make(path)
        with open(path, "rb") as stream:
            text = base64.b64encode(gzip.compress(stream.read(), 9, mtime=0)).decode()
        words = make.__name__.split("_")
        name = words[0] + "".join(word.capitalize() for word in words[1:])
        print(f'  {name}:\n    "{text}",')
print("} as const;")
