# How many shards a sample has, and what they need: by the estimate of each sample, which atlasmtl makes by a trial on some of its cells.


def estimate_of(sample):
    """What `atlasmtl predict --dry-run` said of a sample; the checkpoint makes it."""
    with checkpoints.estimate.get(sample=sample).output[0].open() as file:
        return json.load(file)


def n_shards(sample):
    if config["shards"] is not None:
        return config["shards"]
    (estimate,) = estimate_of(sample)["samples"]
    return max(1, -(-estimate["n_cells"] // config["cells_per_shard"]))


def shards_of(wildcards):
    n = n_shards(wildcards.sample)
    return [f"shards/{wildcards.sample}/{index}-of-{n}.shard" for index in range(1, n + 1)]


def seconds_of(wildcards):
    return estimate_of(wildcards.sample)["seconds"] / n_shards(wildcards.sample)


def memory_of(wildcards, attempt):
    # Twice as much as estimated, and more after a failure.
    return int(500 + 2 * attempt * estimate_of(wildcards.sample)["memory_bytes"] / 1e6)


def runtime_of(wildcards, attempt):
    # Minutes, of which every job has some.
    return int(5 + attempt * 3 * seconds_of(wildcards) / 60)
