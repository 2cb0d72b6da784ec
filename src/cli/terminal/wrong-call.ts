/** Errors for calls that the command line cannot parse. @module */
import type { Command, CommanderError } from "commander";
import type { AtlasmtlError } from "../../api/errors.ts";
import { didYouMean, nearest } from "../../api/names.ts";
import { usageError } from "./show-error.ts";

/** A usage error for an error of commander, with the nearest valid name or the right way to write the call. */
export function wrongCall(error: CommanderError, command: Command, program: Command): AtlasmtlError {
  const place = command === program ? "atlasmtl" : `atlasmtl ${command.name()}`;
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.unknownOption") {
    const flags = [...command.options, ...program.options].flatMap((option) => option.long ?? []);
    const [flag, ...value] = word.split("=");
    return value.length > 0 && flags.includes(flag)
      ? usageError(
          `${flag} takes no value, got ${JSON.stringify(value.join("="))}`,
          place,
          /^(false|no|off|0)$/i.test(value.join("=")) ? `leave ${flag} out` : `write ${flag} alone`,
        )
      : unknown("option", flag, [...flags, "--help"], place);
  }
  if (error.code === "commander.unknownCommand") {
    const names = program.commands.map((each) => each.name());
    const meant = OTHER_NAMES.find(([, others]) => others.includes(word))?.[0];
    if (meant === undefined) return unknown("command", word, names, place);
    return usageError(`unknown command "${word}"`, place, meant);
  }
  if (error.code === "commander.optionMissingArgument")
    return usageError(`${word.split(" ")[0]} needs a value`, place, `write ${word}`);
  if (error.code === "commander.excessArguments")
    return usageError(
      `too many words: ${command.args.map((each) => JSON.stringify(each)).join(" ")}`,
      place,
      command.registeredArguments.length === 0
        ? `name files by flags, such as --adata FILE, and quote names with blanks`
        : `give one ${command.registeredArguments[0].name()} at a time, and quote names with blanks`,
    );
  if (error.code === "commander.missingArgument")
    return usageError(`the ${word} is missing`, place, `write ${place} <${word}>`);
  return usageError(
    error.message.replace(/^error: /, ""),
    place,
    `correct the call; ${place} --help lists what can be given`,
  );
}

/** The command to use for a name that other programs use for it. */
const OTHER_NAMES: readonly (readonly [meant: string, names: readonly string[]])[] = [
  [
    "write atlasmtl predict, which annotates a query with a trained model",
    ["classify", "infer", "label", "map", "transfer"],
  ],
  ["write atlasmtl train, which makes a model of a reference", ["build", "fit", "learn"]],
  ["write atlasmtl inspect FILE", ["describe", "info", "show", "view"]],
  ["write atlasmtl verify FILE", ["check", "validate"]],
  ["write atlasmtl evaluate, which scores predictions", ["score", "test"]],
  ["write atlasmtl --version", ["version"]],
  ["there is no completion for shells; atlasmtl --help lists the commands", ["completion"]],
];

function unknown(what: string, word: string, candidates: readonly string[], place: string): AtlasmtlError {
  const near = nearest(word, candidates);
  return usageError(
    `unknown ${what} "${word}"${didYouMean(word, candidates)}`,
    place,
    near !== null
      ? `write ${near}`
      : what === "command"
        ? `use any of ${[...candidates].join(", ")}`
        : `leave it out; ${place} --help lists the options there are`,
  );
}
