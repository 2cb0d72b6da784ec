/** Reading files whole. @module */
import { platform } from "#platform";
import { AtlasmtlError } from "../errors.ts";
import type { FileInput } from "./bytes.ts";

/** The bytes of a file and its name in messages. @throws NOT_FOUND, IO; LIMIT beyond `maxBytes`. */
export async function readInput(
  input: FileInput,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<{ readonly bytes: Uint8Array; readonly name: string }> {
  const source = await platform.openFile(input);
  try {
    const { byteLength, name } = source;
    if (byteLength > maxBytes)
      throw new AtlasmtlError("LIMIT", `a file of ${byteLength} bytes; at most ${maxBytes} are read`, {
        where: name,
        hint: "check that this is the file you meant",
      });
    return { bytes: await source.read(0, byteLength), name };
  } finally {
    await source.close();
  }
}
