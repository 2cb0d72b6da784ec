#!/usr/bin/env nextflow
/*
 * Annotates samples with one model: nextflow run nextflow --input samples.csv --model model/model.pth [--shards 16] [--outdir results].
 */
include { ATLASMTL } from './workflows/atlasmtl'

workflow {
    main:
    if (!params.input || !params.model) {
        error("give --input SAMPLES.csv (columns: sample,adata) and --model MODEL")
    }
    samples = Channel.fromPath(params.input, checkIfExists: true)
        .splitCsv(header: true)
        .map { row -> [[id: row.sample, shards: params.shards as int], file(row.adata, checkIfExists: true)] }
    ATLASMTL(samples, file(params.model, checkIfExists: true))
}
