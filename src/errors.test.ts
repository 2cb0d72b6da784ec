import { expect, test } from "vitest";
import {
  AtlasmtlError,
  changed,
  inWords,
  locate,
  notice,
  option,
  optionsOf,
  phrase,
  settled,
  type Wording,
} from "./errors.ts";

const shout: Wording = ({ name, value }) =>
  `<${name.toUpperCase()}${value === undefined ? "" : `=${value}`}>`;

const error = new AtlasmtlError("USAGE", phrase`${option("valFraction")} is ${2}, expected less`, {
  where: option("valFraction"),
  hint: phrase`leave it out, or ${phrase`set ${option("missingLabels", "ignore")}`}`,
});

test("a caller of the library reads its own names and values", () => {
  expect([error.message, error.where, error.hint]).toEqual([
    "valFraction is 2, expected less",
    "valFraction",
    'leave it out, or set missingLabels: "ignore"',
  ]);
});

test("the options of an error are a field, each once and in order", () => {
  expect(error.options.map(({ name, value }) => [name, value])).toEqual([
    ["valFraction", undefined],
    ["missingLabels", "ignore"],
  ]);
});

test("an option without its value keeps its wording, and no getter makes a further one", () => {
  const [, mention] = error.options;
  expect(mention.bare()).toEqual(option("missingLabels"));
  expect(settled(error, shout).options[1].bare().toString()).toBe("<MISSINGLABELS>");
  // A getter that makes another mention has no end for what prints or compares objects.
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(mention)));
  expect(getters.filter(([, { get }]) => get !== undefined)).toEqual([]);
});

test("a host words the options and nothing else", () => {
  expect(inWords(error, shout)).toEqual({
    message: "<VALFRACTION> is 2, expected less",
    where: "<VALFRACTION>",
    hint: "leave it out, or set <MISSINGLABELS=ignore>",
  });
});

test("a place that is added, or another hint, keeps the options", () => {
  const located = locate(changed(error, { hint: "none" }), "a.h5ad") as AtlasmtlError;
  expect(inWords(located, shout)).toEqual({
    message: "<VALFRACTION> is 2, expected less",
    where: "a.h5ad › <VALFRACTION>",
    hint: "none",
  });
  expect([located.where, located.stack]).toEqual(["a.h5ad › valFraction", error.stack]);
});

test("options that are worded for good stay so for every host", () => {
  const words = settled(error, ({ name }) => name.toLowerCase());
  expect(inWords(words, shout)).toEqual({
    message: "valfraction is 2, expected less",
    where: "valfraction",
    hint: "leave it out, or set missinglabels",
  });
  expect(words.message).toBe("valfraction is 2, expected less");
});

test("a notice is plain data that a host can word", () => {
  const told = notice(phrase`${option("domainKey")} has no effect`, { hint: "leave it out" });
  expect(JSON.parse(JSON.stringify(told))).toEqual({
    message: "domainKey has no effect",
    hint: "leave it out",
  });
  expect(inWords(told, shout).message).toBe("<DOMAINKEY> has no effect");
  expect(optionsOf(told).map(({ name }) => name)).toEqual(["domainKey"]);
  expect(inWords({ message: "valFraction" }, shout)).toEqual({ message: "valFraction" });
});
