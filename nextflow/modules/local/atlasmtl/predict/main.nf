process ATLASMTL_PREDICT {
    tag "${meta.id}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"

    input:
    tuple val(meta), path(adata)
    tuple val(name), path(bundle)

    output:
    tuple val(meta), path("${prefix}.${ending}"), emit: annotated
    tuple val(meta), path("${prefix}.html")     , emit: report
    path "versions.yml"                         , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}.annotated"
    ending = task.ext.ending ?: 'h5ad'
    """
    atlasmtl predict \\
        --model ${name} \\
        --adata ${adata} \\
        --out ${prefix}.${ending} \\
        --report ${prefix}.html \\
        --num-threads ${task.cpus} \\
        ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        atlasmtl: \$(atlasmtl --version)
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}.annotated"
    ending = task.ext.ending ?: 'h5ad'
    """
    touch ${prefix}.${ending} ${prefix}.html

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        atlasmtl: \$(atlasmtl --version)
    END_VERSIONS
    """
}
