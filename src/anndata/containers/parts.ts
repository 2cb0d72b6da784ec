/** Datasets inside others: the modalities of MuData, the tables of SpatialData. @module */
import { didYouMean } from "../../core/nearest.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import { PARTS } from "../../schema/open-options.ts";
import { listed } from "../read/dataframe.ts";
import { texts } from "../read/element-encodings.ts";
import type { OpenOptions } from "./probe.ts";

export interface ChosenPart {
  /** Its path, such as `mod/rna`. */
  readonly path: string;
  /** A plain line about the choice, where there was one. */
  readonly notes: readonly Notice[];
}

/**
 * The dataset that is read of several; null for a store that is a dataset itself.
 * @throws NOT_FOUND if the one that is asked for is not there, USAGE if one has to be chosen or there is nothing to
 * choose from.
 */
export async function choosePart(store: ArrayStore, options: OpenOptions): Promise<ChosenPart | null> {
  const root = await store.open("");
  const keys = root?.kind === "group" ? root.keys : [];
  for (const { option: name, container, folders, usual } of PARTS) {
    const folder = keys.includes("X") ? undefined : folders.find((each) => keys.includes(each));
    const asked = options[name];
    if (folder === undefined) {
      if (asked === undefined) continue;
      throw new AtlasmtlError(
        "USAGE",
        phrase`this is no ${container}: ${option(name, asked)} chooses nothing`,
        {
          hint: phrase`leave ${option(name)} out`,
        },
      );
    }
    const group = await store.open(folder);
    const names = group?.kind === "group" ? group.keys : [];
    const order = texts(group?.attribute("mod-order")) ?? names;
    return choose(
      folder,
      order.filter((each) => names.includes(each)),
      { name, container, usual, asked },
    );
  }
  return null;
}

export interface Choice {
  readonly name: string;
  readonly container: string;
  readonly usual: readonly string[];
  readonly asked: string | undefined;
}

/** One of the datasets `names`, which lie in `folder`. @throws as {@link choosePart}. */
export function choose(
  folder: string,
  names: readonly string[],
  { name, container, usual, asked }: Choice,
): ChosenPart {
  if (asked !== undefined) {
    if (names.includes(asked)) return { path: `${folder}/${asked}`, notes: [] };
    throw new AtlasmtlError("NOT_FOUND", `there is no ${name} "${asked}"${didYouMean(asked, names)}`, {
      hint: `there is: ${listed(names)}`,
    });
  }
  if (names.length === 0)
    throw new AtlasmtlError("BAD_DATA", `this ${container} holds no ${name}`, {
      hint: "pass a dataset with a matrix of cells and genes",
    });
  const found =
    names.length === 1
      ? names[0]
      : usual
          .map((one) => names.find((each) => each.toLowerCase() === one))
          .find((each) => each !== undefined);
  if (found === undefined)
    throw new AtlasmtlError("USAGE", `this ${container} holds ${names.length}: ${listed(names)}`, {
      hint: phrase`choose the one of genes, such as ${option(name, names[0])}`,
    });
  if (names.length === 1) return { path: `${folder}/${found}`, notes: [] };
  const others = listed(names.filter((each) => each !== found));
  return {
    path: `${folder}/${found}`,
    notes: [notice(`reads the ${name} "${found}" of this ${container}, which has ${others} as well`)],
  };
}
