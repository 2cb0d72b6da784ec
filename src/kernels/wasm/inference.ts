/** Evaluating a trained network on the kernels. @module */
import type { Csr } from "../../core/csr.ts";
import { createPauser } from "../../core/progress.ts";
import { createScratchBuffer, type ScratchBuffer } from "../../core/scratch-buffer.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ForwardResult, Inference, NetworkShape, NetworkWeights } from "../types.ts";
import { gatherRows, placeBatch, planBatch } from "./batch.ts";
import { layOutNetwork, MODE, taskCounts, writeStep } from "./layout.ts";
import { createPlan } from "./memory.ts";
import { TASK } from "./pool.ts";
import type { Session } from "./session.ts";
import { loadWeights } from "./weights.ts";

/** Cells and entries of one pass through the kernels; a block of any size is cut into such passes. */
const PASS_ROWS = 512;
const PASS_ENTRIES = 1 << 18;

/** @throws BUG when weights or a block do not have the sizes of `shape`; LIMIT when the arena cannot hold it. */
export function createInference(session: Session, shape: NetworkShape, weights: NetworkWeights): Inference {
  const { arena, pool } = session;
  const maxEntries = Math.max(PASS_ENTRIES, shape.nGenes);
  const plan = createPlan();
  const size = {
    capacity: PASS_ROWS,
    nGenes: shape.nGenes,
    maxEntries,
    nLabelHeads: 0,
    coordWidth: 0,
    nCoordHeads: 0,
    hasValues: true,
  };
  const planned = [planBatch(plan, size), planBatch(plan, size)];
  const layout = layOutNetwork(arena, {
    shape,
    capacity: PASS_ROWS,
    numThreads: pool.numThreads,
    training: null,
    extraBytes: plan.bytes,
  });
  const slots = planned.map((slot) => placeBatch(slot, layout.extra));
  loadWeights(arena, layout, weights);
  const latentBuffer = createScratchBuffer();
  const headBuffers = layout.heads.map(() => createScratchBuffer());
  const pause = createPauser();
  let disposed = false;

  function passEnd(block: Csr, first: number): number {
    const { indptr, nRows } = block;
    let last = first;
    while (last < nRows && last - first < PASS_ROWS && indptr[last + 1] - indptr[first] <= maxEntries) last++;
    return last;
  }

  return {
    async run(block, meanwhile) {
      if (disposed) throw new AtlasmtlError("USAGE", "this network has been disposed of");
      if (block.nCols !== shape.nGenes)
        throw new AtlasmtlError("BUG", `a block of ${block.nCols} genes for a network of ${shape.nGenes}`);
      const { nRows } = block;
      const nLatent = shape.hiddenSizes.at(-1)!;
      const scratch = (of: ScratchBuffer, width: number) =>
        new Float32Array(of(nRows * width * 4), 0, nRows * width);
      const latent = scratch(latentBuffer, nLatent);
      const heads = layout.heads.map(({ size: width }, j) => scratch(headBuffers[j], width));
      const gather = (slot: number, first: number, last: number) => {
        gatherRows(arena, slots[slot], block, last - first, (i) => first + i);
      };
      let slot = 0;
      let first = 0;
      let last = passEnd(block, first);
      if (nRows > 0) gather(slot, first, last);
      else await meanwhile?.();
      while (first < nRows) {
        const mode = MODE.forward | MODE.output;
        const counts = taskCounts(layout, last - first, mode);
        writeStep(arena.views(), layout, slots[slot].record, mode);
        pool.start([
          { kind: TASK.firstLayer, argument: layout.step, nTasks: counts.first },
          { kind: TASK.laterLayers, argument: layout.step, nTasks: counts.later },
        ]);
        const next = passEnd(block, last);
        try {
          if (last < nRows) gather(1 - slot, last, next);
          if (first === 0) await meanwhile?.();
        } finally {
          pool.join();
        }
        const { f32 } = arena.views();
        const take = (to: Float32Array, from: number, width: number) => {
          to.set(f32.subarray(from / 4, from / 4 + (last - first) * width), first * width);
        };
        take(latent, layout.latentOutput, nLatent);
        layout.heads.forEach(({ output, size: width }, j) => {
          take(heads[j], output, width);
        });
        first = last;
        last = next;
        slot = 1 - slot;
        await pause();
      }
      return {
        nRows,
        latent,
        logits: heads.slice(0, shape.nClasses.length),
        coords: heads.slice(shape.nClasses.length),
      } satisfies ForwardResult;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      arena.release(layout.region);
    },
  };
}
