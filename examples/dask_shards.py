"""Annotates a query with Dask: each partition of its rows is a shard, computed by the command line, and all are merged.

    python dask_shards.py --model model/model.pth --query query.zarr --out annotated.zarr --partitions 16

A LocalCluster is used; give --scheduler ADDRESS for a cluster whose workers see the same files. Needs dask[distributed]. The
rows of a shard follow the chunks of the store.
"""

import argparse
import shlex
import subprocess
import tempfile
from pathlib import Path

from dask.distributed import Client, LocalCluster, as_completed


def shard(command: list[str], model: str, query: str, folder: str, index: int, of: int, flags: list[str]) -> str:
    """Runs one shard; a shard that is there already is not computed again."""
    out = f"{folder}/{index}-of-{of}.shard"
    place = ["--model", model, "--adata", query, "--out", out, "--shard", f"{index}/{of}", "--num-threads", "1"]
    done = subprocess.run([*command, "predict", *place, *flags], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--scheduler", default=None)
    parser.add_argument("--shards", default=None, help="folder of the shards, kept; by default a temporary one")
    parser.add_argument("--atlasmtl", default="atlasmtl", help="the program")
    parser.add_argument("--predict", default="", help="more flags of atlasmtl predict")
    parser.add_argument("--result", default="", help="more flags of atlasmtl merge")
    args = parser.parse_args()

    command = shlex.split(args.atlasmtl)
    cluster = None if args.scheduler else LocalCluster(n_workers=args.workers, threads_per_worker=1)
    with tempfile.TemporaryDirectory() as temporary, Client(args.scheduler or cluster) as client:
        folder = str(Path(args.shards or temporary).absolute())
        Path(folder).mkdir(parents=True, exist_ok=True)
        place = (str(Path(args.model).absolute()), str(Path(args.query).absolute()), folder)
        futures = [
            client.submit(shard, command, *place, index, args.partitions, shlex.split(args.predict), retries=2, pure=False)
            for index in range(1, args.partitions + 1)
        ]
        paths = [future.result() for future in as_completed(futures)]
        print(f"{len(paths)} shards")
        subprocess.run([*command, "merge", *paths, "--out", args.out, *shlex.split(args.result)], check=True)
    if cluster is not None:
        cluster.close()


if __name__ == "__main__":
    main()
