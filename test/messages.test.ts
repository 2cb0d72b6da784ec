/** `scripts/check-messages.mjs` on small folders of sources: it finds what is not in the voice of the house. */
import { expect, test } from "vitest";
import { type Checked, runCheck } from "./helpers/check-script.ts";

const check = (sources: Readonly<Record<string, string>>): Checked => runCheck("check-messages", sources);

/** `<x>` in a message stands for a placeholder. */
const throwing = (message: string, details = ""): string =>
  `throw new AtlasmtlError("USAGE", ${message.replace(/<(\w+)>/g, (_, name: string) => ["$", `{${name}}`].join(""))}${details});\n`;

test("lets the voice of the house pass", () => {
  const passing = [
    throwing('"the file is empty"', ', { hint: "copy it again" }'),
    throwing('"HDF5 says no"'),
    throwing('"X holds no counts"'),
    throwing("`<name> is <value>, expected a number`"),
    throwing("phrase`<option> is <value>, expected one of <choices><near>`"),
    throwing('"a chunk of obs.h5ad"'),
    throwing('`got <value>; did you mean "x"?`'),
    'const texts = { title: "A page. With sentences." };\n',
  ];
  expect(check(Object.fromEntries(passing.map((text, i) => [`${i}.ts`, text])))).toEqual({
    findings: [],
    ok: true,
  });
});

test("finds capitals, full stops and second sentences, in whatever makes an error or a notice", () => {
  const faulty = {
    "capital.ts": throwing('"The file is empty"'),
    "full-stop.ts": throwing('"the file is empty."'),
    "full-stop-before-what-may-be-nothing.ts": throwing("`there is no <name>.<near>`"),
    "two-sentences.ts": throwing("`it has <n> rows. Expected more`"),
    "hint.ts": throwing('"it is empty"', ', { where, hint: "Copy it again" }'),
    "one-of-two.ts": throwing('isThere ? "it is there" : "It is not"'),
    "sum.ts": throwing('"the file is " + "empty."'),
    "phrase.ts": throwing("phrase`Set <option>`"),
    "notice.ts": 'notice("It is odd");\n',
    "warning.ts": 'warnings.push({ message: "It is odd", where });\n',
    "helper.ts":
      'function bad(where: string, message: string): Error {\n  return new AtlasmtlError("USAGE", message, { where });\n}\nthrow bad("a", "It is odd");\n',
    "core/bad.ts":
      'export const bad = (message: string, hint: string): Error => new AtlasmtlError("USAGE", message, { hint });\n',
    "helper-of-another-file.ts":
      'import { bad } from "./core/bad.ts";\nthrow bad("it is odd", "mend it.");\n',
  };
  const { findings, ok } = check(faulty);
  expect(ok).toBe(false);
  expect(findings.map((line) => line.split(":")[0]).sort()).toEqual(
    Object.keys(faulty)
      .filter((name) => name !== "core/bad.ts")
      .sort(),
  );
  expect(findings).toContain('helper-of-another-file.ts:2: "mend it." ends with a full stop');
});
