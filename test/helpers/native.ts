/** Tests of the native kernels, which skip where they were not built. */
import { describe } from "vitest";
import { createNativeEngine, type NativeEngineOptions } from "../../src/kernels/native/engine.ts";
import type { SessionEngine } from "../../src/kernels/wasm/engine.ts";
import { findNative } from "../../src/node/native.ts";

const addon = findNative()?.addon ?? null;

/** `describe`, or one plain line where there are no native kernels of this version. */
export const describeNative = (name: string, body: () => void): void => {
  if (addon === null) console.log(`skipped without the native kernels (npm run build:native): ${name}`);
  describe.skipIf(addon === null)(name, body);
};

/** An engine of these options, or null where the processor has no such vectors. */
export const nativeEngine = (options: NativeEngineOptions): SessionEngine | null =>
  addon === null ? null : createNativeEngine(addon, options);

/** The widths that this processor has. */
export function nativeWidths(): readonly number[] {
  return [128, 256, 512].filter((width) => {
    const engine = nativeEngine({ width });
    engine?.dispose();
    return engine !== null;
  });
}
