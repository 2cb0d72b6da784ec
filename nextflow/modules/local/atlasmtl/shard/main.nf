process ATLASMTL_SHARD {
    tag "${meta.id} ${index}/${meta.shards}"
    label 'process_single'

    conda "${moduleDir}/environment.yml"

    input:
    tuple val(meta), path(adata), val(index)
    tuple val(name), path(bundle)

    output:
    tuple val(meta), path("*.shard"), emit: shard
    path "versions.yml"             , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    atlasmtl predict \\
        --model ${name} \\
        --adata ${adata} \\
        --shard ${index}/${meta.shards} \\
        --include-coords \\
        --out ${prefix}-${index}-of-${meta.shards}.shard \\
        --num-threads ${task.cpus} \\
        ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        atlasmtl: \$(atlasmtl --version)
    END_VERSIONS
    """

    stub:
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    touch ${prefix}-${index}-of-${meta.shards}.shard

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        atlasmtl: \$(atlasmtl --version)
    END_VERSIONS
    """
}
