"""Packs bytes of many kinds by Python's own bzip2 and xz: FOLDER. Prints the names; NAME is the content, NAME.CASE the packed file."""

import bz2
import json
import lzma
import random
import sys
from pathlib import Path

folder = Path(sys.argv[1])
random.seed(1)
words = [random.randbytes(random.randint(3, 40)) for _ in range(3000)]
contents = {
    "empty": b"",
    "one": b"R",
    "zeros": bytes(5_000_000),
    "runs": b"".join(bytes([random.randrange(256)]) * random.choice([1, 3, 4, 5, 255, 259, 260, 70_000]) for _ in range(120)),
    "noise": random.randbytes(1_000_000),
    "words": b"".join(random.choice(words) for _ in range(150_000)),
    "numbers": b"".join(random.choice([0, 0, 0, 1, 2, 5]).to_bytes(8, "big") for _ in range(100_000)),
}


def xz(data, **options):
    return lzma.compress(data, format=lzma.FORMAT_XZ, **options)


def filters(**options):
    return {"filters": [{"id": lzma.FILTER_LZMA2, **options}]}


cases = {
    **{f"bzip2-{level}": lambda data, level=level: bz2.compress(data, level) for level in (1, 5, 9)},
    "bzip2-two": lambda data: bz2.compress(data[: len(data) // 3]) + bz2.compress(data[len(data) // 3 :]),
    **{f"xz-{preset}": lambda data, preset=preset: xz(data, preset=preset) for preset in (0, 2, 6, 9, 3 | lzma.PRESET_EXTREME)},
    "xz-crc32": lambda data: xz(data, check=lzma.CHECK_CRC32),
    "xz-none": lambda data: xz(data, check=lzma.CHECK_NONE),
    "xz-sha256": lambda data: xz(data, check=lzma.CHECK_SHA256),
    "xz-settings": lambda data: xz(data, **filters(preset=1, lc=1, lp=3, pb=4)),
    "xz-other-settings": lambda data: xz(data, **filters(preset=1, lc=0, lp=0, pb=0, dict_size=4096)),
    "xz-two": lambda data: xz(data[: len(data) // 3]) + bytes(8) + xz(data[len(data) // 3 :]),
}
for name, data in contents.items():
    (folder / name).write_bytes(data)
    for case, pack in cases.items():
        (folder / f"{name}.{case}").write_bytes(pack(data))
# What is refused.
(folder / "words.refused-delta").write_bytes(
    lzma.compress(contents["words"][:9999], filters=[{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2}])
)
(folder / "words.refused-dictionary").write_bytes(xz(b"R" * 9999, **filters(preset=0, dict_size=2**27)))
print(json.dumps({"contents": list(contents), "cases": list(cases)}))
