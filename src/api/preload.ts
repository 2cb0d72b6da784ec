/** Loads the modules that the library otherwise loads on first use. @module */

/**
 * Loads every module that is otherwise loaded on first use: HDF5 (about 1 MB compressed), Zarr and its decoders
 * (half of that), Parquet, Arrow, reports, inspection, preprocessing and training. A page that awaits this then works offline,
 * except for tables of gene names; a page that does not starts faster.
 *
 * ```ts
 * await preload();
 * ```
 * Each worker loads its own modules, so call it there as well.
 */
export async function preload(): Promise<void> {
  await Promise.all([
    loadHdf5(),
    loadZarr(),
    import("../kernels/start-engine.ts"),
    import("../kernels/reference/engine.ts"),
    import("../output/to-parquet.ts"),
    import("../output/to-arrow.ts"),
    import("../output/report/from-prediction.ts"),
    import("../output/report/page.ts"),
    import("../output/report/principal-plane.ts"),
    import("../anndata/inspect/inspect-dataset.ts"),
    import("../preprocess/pipeline.ts"),
    import("../preprocess/group-split.ts"),
    import("../predict/fit-reranker.ts"),
    import("../anndata/read/threaded-rows.ts"),
    import("../predict/query-genes.ts"),
    import("../predict/predict.ts"),
    import("../predict/measure-distances.ts"),
    import("../predict/view-blocks.ts"),
    import("../predict/one-vs-rest.ts"),
    import("../artifacts/celltypist.ts"),
    import("../predict/choose-rung.ts"),
    import("../predict/adapt-to-queries.ts"),
    import("../predict/explain-query.ts"),
    import("../predict/transfer.ts"),
    import("../anndata/containers/open-loom.ts"),
    import("../anndata/containers/open-mtx.ts"),
    import("../anndata/containers/open-table.ts"),
    import("../anndata/containers/probe-given.ts"),
    import("../anndata/containers/r/open-rds.ts"),
    import("../anndata/containers/r/recognise.ts"),
    import("../predict/place-on-map.ts"),
    import("../references/join.ts"),
    import("../references/harmonise.ts"),
    import("../evaluate/sample-summary.ts"),
    import("../output/report/study.ts"),
    import("../model/train.ts"),
    import("../model/input.ts"),
    import("../model/components/fit-space.ts"),
    import("../model/embedding/reference-map.ts"),
    import("../model/genes/fit-label-genes.ts"),
    import("../model/linear/train-views.ts"),
    import("../model/linear/confidence-ladder.ts"),
    import("../model/linear/joint-scores.ts"),
    import("../artifacts/component-space.ts"),
    import("../artifacts/zipped-bundle.ts"),
    import("../artifacts/linear-views.ts"),
    import("../artifacts/label-genes.ts"),
    import("./verify-files.ts"),
    import("./shard-work.ts"),
    import("../output/shard-file.ts"),
    import("../demo/simulated-h5ad.ts"),
  ]);
}

async function loadHdf5(): Promise<void> {
  const [library] = await Promise.all([
    import("../formats/hdf5/library.ts"),
    import("../formats/hdf5/open.ts"),
    import("../anndata/write/append.ts"),
    import("../anndata/write/annotate-h5ad.ts"),
    import("../anndata/write/write-h5ad.ts"),
  ]);
  await library.loadHdf5();
}

async function loadZarr(): Promise<void> {
  const [{ loadDecoders }] = await Promise.all([
    import("../formats/zarr/codecs.ts"),
    import("../formats/zarr/open.ts"),
    import("../anndata/write/write-zarr.ts"),
  ]);
  await loadDecoders();
}
