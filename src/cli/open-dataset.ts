/** How a command opens its dataset. @module */
import { type AnnData, openAnnData } from "../api/index.ts";
import type { OpenOptions } from "../api/options.ts";
import { type DatasetFlags, openOptions } from "./options/dataset-flags.ts";
import type { Output } from "./terminal/print.ts";

/** Opens a dataset and prints the notices and notes of opening. @throws as `openAnnData`. */
export async function openDataset(
  path: string,
  flags: DatasetFlags,
  output: Output,
  options: Pick<OpenOptions, "lazyCellNames"> = {},
): Promise<AnnData> {
  const adata = await openAnnData(path, { ...openOptions(flags), ...options });
  for (const notice of adata.notices ?? []) output.warn(notice);
  for (const { message } of adata.notes ?? []) output.note(message);
  return adata;
}
