import { createHash } from "node:crypto";
import type { NetworkWeights } from "../../src/kernels/types.ts";

/** SHA-256 of all weights' bytes. */
export function hashWeights(weights: NetworkWeights): string {
  const hash = createHash("sha256");
  for (const { weight, bias } of [...weights.encoder, ...weights.labelHeads, ...weights.coordHeads])
    for (const values of [weight, bias])
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest("hex");
}
