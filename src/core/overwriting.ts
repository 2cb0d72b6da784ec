/** Refuses outputs that would replace what is read. @module */
import { platform } from "#platform";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { folderName } from "./paths.ts";
import { webAddress } from "./web-address.ts";

export interface OverwritingOptions {
  /** True if the caller has a way to allow it: the option `inPlace`. */
  readonly canBeInPlace?: boolean;
}

/**
 * Checks that no output is an input: by the same path, through symbolic links, as a hard link, or as a part of a
 * folder that is read (Node). Addresses on the web are never written.
 * @throws USAGE that names the first output which is read, or which would be written twice.
 */
export async function refuseOverwriting(
  outputs: readonly string[],
  inputs: readonly string[],
  { canBeInPlace = false }: OverwritingOptions = {},
): Promise<void> {
  const places: string[] = [];
  for (const output of outputs) {
    const place = await placeOf(output);
    if (places.includes(place))
      throw new AtlasmtlError("USAGE", "two outputs have this name", {
        where: output,
        hint: "choose another name for one of them",
      });
    places.push(place);
    for (const input of inputs)
      if (webAddress(input) === null && (await touches(output, place, input)))
        throw new AtlasmtlError(
          "USAGE",
          `the output is read as ${JSON.stringify(input)}, and would replace it`,
          {
            where: output,
            hint: canBeInPlace
              ? phrase`choose another name, or add ${option("inPlace", true)} to replace it`
              : "choose another name",
          },
        );
  }
}

async function touches(output: string, place: string, input: string): Promise<boolean> {
  if (await platform.files.isSame(output, input)) return true;
  const read = await placeOf(input);
  return read === place || isInside(place, read) || isInside(read, place);
}

const isInside = (path: string, folder: string): boolean =>
  /[/\\]/.test(path.charAt(folder.length)) && path.startsWith(folder);

/** The real path of what is there, else that of the nearest folder that is, with the rest. */
async function placeOf(path: string): Promise<string> {
  const real = platform.files.realPath;
  if (real === undefined) return path;
  let rest = "";
  for (let at = path.replace(/(?<=.)[/\\]+$/, ""); ; at = folderName(at)) {
    const found = await real(at === "" ? "." : at).catch(() => null);
    if (found !== null) return found + rest;
    if (at === "" || folderName(at) === at) return path;
    const folder = folderName(at);
    rest = `/${at.slice(folder.length).replace(/^[/\\]+/, "")}${rest}`;
  }
}
