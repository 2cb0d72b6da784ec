include { ATLASMTL_PREDICT } from '../modules/local/atlasmtl/predict/main'
include { ATLASMTL_SHARD   } from '../modules/local/atlasmtl/shard/main'
include { ATLASMTL_MERGE   } from '../modules/local/atlasmtl/merge/main'

workflow ATLASMTL {
    take:
    samples // channel: [ meta, adata ]; meta.shards is the number of shards
    model   // file: model.pth of a bundle, or a bundle as .zip

    main:
    // The files of a bundle lie beside its model.pth.
    isZip = model.name.endsWith('.zip')
    bundle = Channel.value(isZip ? [model.name, model] : ["${model.parent.name}/${model.name}", model.parent])

    queries = samples.branch { meta, _adata ->
        whole: meta.shards <= 1
        parts: true
    }
    ATLASMTL_PREDICT(queries.whole, bundle)

    ATLASMTL_SHARD(queries.parts.flatMap { meta, adata -> (1..meta.shards).collect { index -> [meta, adata, index] } }, bundle)
    shards = ATLASMTL_SHARD.out.shard
        .map { meta, shard -> [groupKey(meta, meta.shards), shard] }
        .groupTuple()
        .map { key, files -> [key.target, files] }
    ATLASMTL_MERGE(queries.parts.join(shards), bundle)

    emit:
    annotated = ATLASMTL_PREDICT.out.annotated.mix(ATLASMTL_MERGE.out.annotated)
    report    = ATLASMTL_PREDICT.out.report.mix(ATLASMTL_MERGE.out.report)
    versions  = ATLASMTL_PREDICT.out.versions.mix(ATLASMTL_SHARD.out.versions, ATLASMTL_MERGE.out.versions).first()
}
