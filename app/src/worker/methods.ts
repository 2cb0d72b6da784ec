/** A paragraph for a paper: what was done, with which version, and checksums that say to what. */
import type { ReportFiles } from "atlasmtl";
import { text } from "../text/en.ts";
import { desk, type OpenModel } from "./desk.ts";

export async function methodsText(): Promise<string> {
  const { query, model, result } = desk.needAnnotation();
  const paragraph = await result.toMethodsText(query.adata, model.model, {
    modelName: model.name,
    referenceName: model.trained?.reference,
    files: await modelFiles(model),
  });
  return `${paragraph} ${text.save.local}\n`;
}

/** The files of the model with their checksums. */
async function modelFiles({ name, model }: OpenModel): Promise<ReportFiles> {
  const files = [...(await model.toFiles(`${name}.pth`))];
  return Promise.all(
    files.map(async ([path, bytes]) => ({
      role: "model",
      path,
      sizeBytes: bytes.length,
      sha256: await digestOf(bytes),
    })),
  );
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
