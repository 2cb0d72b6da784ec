// The engine's kernels: what JavaScript calls, and what the kernel tests call.

export { compactColumns, compactDense, compactRows } from "./compact";
export { prepareReferences, searchNeighbours } from "./knn";
export { crossEntropy, huber } from "./loss";
export { mask, multiply, relu, reluDropout } from "./multiply";
export { joinJob, runTask, setPhase, startJob, workerLoop } from "./pool";
export { exp1, expArray, log1 } from "./simd";
export { firstLayer, laterLayers, transposeAll, update } from "./step";
export { adam, transposeGenes, transposePanel, updateBias, updateRows } from "./update";
