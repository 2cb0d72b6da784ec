/** A paragraph for a paper: what was done, with which version, and checksums that say to what. */
import type { WorkOptions } from "atlasmtl";
import { text } from "../text/en.ts";
import { desk } from "./desk.ts";
import { modelChecksums } from "./model-checksums.ts";

/** @throws ABORTED by the signal. */
export async function methodsText(work: WorkOptions): Promise<string> {
  const { query, model, result } = desk.needAnnotation();
  const paragraph = await result.toMethodsText(query.adata, model.model, {
    modelName: model.name,
    referenceName: model.trained?.reference,
    files: await modelChecksums(model, work),
  });
  return `${paragraph} ${text.save.local}\n`;
}
