checkpoint estimate:
    input:
        query=lambda wildcards: SAMPLES[wildcards.sample],
        model=MODEL,
    output:
        "estimates/{sample}.json",
    log:
        "logs/{sample}/estimate.log",
    conda:
        "../envs/node.yaml"
    params:
        atlasmtl=config["atlasmtl"],
        more=config["predict"],
    shell:
        "{params.atlasmtl} predict --model {input.model:q} --adata {input.query:q} --out-dir estimates --dry-run --json"
        " {params.more} > {output:q} 2> {log:q}"


rule shard:
    input:
        query=lambda wildcards: SAMPLES[wildcards.sample],
        model=MODEL,
        estimate="estimates/{sample}.json",
    output:
        temp("shards/{sample}/{index}-of-{n}.shard"),
    log:
        "logs/{sample}/{index}-of-{n}.log",
    conda:
        "../envs/node.yaml"
    threads: config["threads"]
    retries: 3
    resources:
        mem_mb=memory_of,
        runtime=runtime_of,
    params:
        atlasmtl=config["atlasmtl"],
        more=config["predict"],
    shell:
        "{params.atlasmtl} predict --model {input.model:q} --adata {input.query:q} --out {output:q}"
        " --shard {wildcards.index}/{wildcards.n} --include-coords --num-threads {threads} {params.more} 2> {log:q}"


rule merge:
    input:
        shards=shards_of,
        query=lambda wildcards: SAMPLES[wildcards.sample],
        model=MODEL,
    output:
        result=f"results/{{sample}}.{ENDING}",
        report="results/{sample}.html",
        summary="results/{sample}.json",
    log:
        "logs/{sample}/merge.log",
    conda:
        "../envs/node.yaml"
    retries: 3
    resources:
        mem_mb=memory_of,
        runtime=runtime_of,
    params:
        atlasmtl=config["atlasmtl"],
        more=config["result"],
    shell:
        "{params.atlasmtl} merge {input.shards:q} --out {output.result:q} --report {output.report:q} --json"
        " {params.more} > {output.summary:q} 2> {log:q}"


rule samples:
    input:
        expand("results/{sample}.json", sample=SAMPLES),
    output:
        "results/samples.tsv",
    log:
        "logs/samples.log",
    conda:
        "../envs/node.yaml"
    localrule: True
    script:
        "../scripts/samples.py"
