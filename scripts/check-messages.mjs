// Holds the voice of errors and notices: every message and hint that stands in the sources begins in lower case
// (names such as HDF5, X and AnnData apart), is one sentence and ends without a full stop. Sources of another folder
// can be named.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

const NAMES = new Set(["Arrow", "Parquet", "Python", "Snappy", "Unknown", "Zarr"]);

/** What is wrong with the literal beginning and end of a text; null when nothing is. */
function faultOf({ begin, end, whole }) {
  const word = /^["'`(]*([A-Za-z]+)/.exec(begin)?.[1] ?? "";
  if (/^[A-Z][a-z]+$/.test(word) && !NAMES.has(word)) return "begins with a capital";
  if (/(?<!\.\.)[.!]["')]*$/.test(end) || /\.\}$/.test(whole)) return "ends with a full stop";
  if (/[a-z)\]"'}]\. [A-Z][a-z]/.test(whole)) return "is more than one sentence";
  return null;
}

/** The texts that an expression can come to, as far as they stand there; what is computed is an empty part. */
function textsOf(node, source) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
    return [{ begin: node.text, end: node.text, whole: node.text }];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression, source);
  if (ts.isConditionalExpression(node))
    return [...textsOf(node.whenTrue, source), ...textsOf(node.whenFalse, source)];
  if (ts.isTaggedTemplateExpression(node)) return textsOf(node.template, source);
  if (ts.isTemplateExpression(node)) {
    const last = node.templateSpans.at(-1).literal.text;
    const whole = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join("}");
    return [{ begin: node.head.text, end: last, whole }];
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textsOf(node.left, source), textsOf(node.right, source)];
    return [
      ...left.map(({ begin, whole }) => ({ begin, end: "", whole })),
      ...right.map(({ end, whole }) => ({ begin: "", end, whole })),
    ];
  }
  return [];
}

/** By the name of a function that makes errors: which of its arguments are messages or hints. */
function makersOf(source) {
  const makers = new Map([
    ["AtlasmtlError", [1]],
    ["notice", [0]],
  ]);
  for (let size = 0; size !== makers.size; ) {
    size = makers.size;
    const visit = (node, name) => {
      const own =
        ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)
          ? node.name?.getText(source)
          : ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer)
            ? node.name.getText(source)
            : undefined;
      const owner =
        own === undefined ? name : { name: own, params: (own && (node.initializer ?? node)).parameters };
      if (owner !== undefined)
        for (const text of saidIn(node, source, makers)) {
          const at = owner.params.findIndex((each) => each.name.getText(source) === text.getText(source));
          if (at >= 0) makers.set(owner.name, [...new Set([...(makers.get(owner.name) ?? []), at])]);
        }
      ts.forEachChild(node, (child) => visit(child, owner));
    };
    visit(source, undefined);
  }
  return makers;
}

/** The expressions that are the message or the hint of an error or a notice, of one node. */
function saidIn(node, source, makers) {
  if (ts.isPropertyAssignment(node) && /^(hint|message)$/.test(node.name.getText(source)))
    return [node.initializer];
  if (ts.isShorthandPropertyAssignment(node) && /^(hint|message)$/.test(node.name.text)) return [node.name];
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return [];
  const name = ts.isPropertyAccessExpression(node.expression)
    ? node.expression.name.text
    : node.expression.getText(source);
  return (makers.get(name) ?? []).flatMap((at) => node.arguments?.[at] ?? []);
}

/** Faults of one file; `shared` are makers that other files export. */
function checkSource(name, text, shared = new Map()) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const makers = new Map([...shared, ...makersOf(source)]);
  const findings = [];
  let n = 0;
  const visit = (node) => {
    for (const said of saidIn(node, source, makers))
      for (const each of textsOf(said, source)) {
        n++;
        const fault = faultOf(each);
        const line = source.getLineAndCharacterOfPosition(said.getStart(source)).line + 1;
        if (fault !== null)
          findings.push(`${name}:${line}: ${JSON.stringify(each.whole.slice(0, 70))} ${fault}`);
      }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { findings, n };
}

/** The makers that a file exports under their names. */
function exportedMakers(text) {
  const source = ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true);
  const exported = new Set(
    [...text.matchAll(/export (?:async )?(?:function|const) (\w+)/g)].map((m) => m[1]),
  );
  return [...makersOf(source)].filter(([name]) => exported.has(name));
}

const root = resolve(process.argv[2] ?? join(import.meta.dirname, "../src"));
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("kernels/assembly"));
const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const makers = new Map([...texts].map(([file, text]) => [file, exportedMakers(text)]));
let n = 0;
const findings = [];
for (const [file, text] of texts) {
  const imported = [...text.matchAll(/import (?:type )?\{([^}]*)\} from "(\.[^"]*)"/g)].flatMap(
    ([, names, from]) => {
      const known = makers.get(join(dirname(file), from)) ?? [];
      return known.filter(([name]) => new RegExp(`\\b${name}\\b`).test(names));
    },
  );
  const found = checkSource(file, text, new Map(imported));
  n += found.n;
  findings.push(...found.findings);
}
for (const finding of findings) console.error(finding);
console.log(`${n} messages and hints, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
