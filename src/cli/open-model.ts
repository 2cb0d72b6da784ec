/** Loads the model that a command names. @module */
import { TrainedModel } from "../api/index.ts";
import type { CommandContext } from "./context.ts";

/** Loads a model, and says in one line when no checksum of it was compared. */
export async function openModel(
  path: string,
  { noVerify }: { readonly noVerify?: boolean },
  { output, signal }: Pick<CommandContext, "output" | "signal">,
): Promise<TrainedModel> {
  const model = await TrainedModel.load(path, { signal, verifyChecksums: noVerify !== true });
  if (!model.isVerified)
    output.note(
      noVerify === true
        ? "note: nothing was verified: --no-verify is set"
        : `note: nothing was verified: no checksums of ${path} are recorded`,
    );
  return model;
}
