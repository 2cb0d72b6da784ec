// The engine's kernels: what JavaScript calls, and what the kernel tests call.

export { compactColumns, compactDense, compactRows } from "./compact";
export { prepareReferences, searchNeighbours } from "./knn";
export { crossEntropy, huber } from "./loss";
export { multiply } from "./multiply";
export { joinJob, runTask, setPhase, startJob, workerLoop } from "./pool";
export { exp1, expArray, log1 } from "./simd";
export { firstLayer, laterLayers, transposeAll, update } from "./step";
export { transposeGenes, transposePanel, updateBias, updateRows } from "./update";
