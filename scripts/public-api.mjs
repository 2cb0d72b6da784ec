// The public names of the library and their types, as text without comments: what `test/api/public-api.txt` keeps.
// Fails where an exported signature names a type that is not exported itself.
//
//   node scripts/public-api.mjs [--write] [declarations]     after `npm run build`
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
const kept = join(root, "test/api/public-api.txt");
const [given] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const file = resolve(given ?? join(root, "dist/api/index.d.ts"));
if (!existsSync(file)) {
  console.error(`${file} is missing: run "npm run build" first`);
  process.exit(2);
}

const program = ts.createProgram([file], {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  strict: true,
  types: [],
});
const checker = program.getTypeChecker();
const source = program.getSourceFile(file);
const printer = ts.createPrinter({ removeComments: true });
const aliased = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

/** Public name → what it stands for. */
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => [symbol.name, aliased(symbol)])
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
const nameOf = new Map([...exported].map(([name, symbol]) => [symbol, name]));

/** The declarations of a symbol in this file; private members and what only they name are left out. */
const declarationsOf = (symbol) =>
  (symbol.declarations ?? []).filter((node) => node.getSourceFile() === source);

/** What each type that is named without being exported is named by, and the values that types are made of. */
const hidden = new Map();
const values = new Map();
function visit(node, owner) {
  if (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  )
    return;
  const name = ts.isTypeReferenceNode(node)
    ? node.typeName
    : ts.isExpressionWithTypeArguments(node)
      ? node.expression
      : ts.isTypeQueryNode(node)
        ? node.exprName
        : null;
  const found =
    name === null ? undefined : checker.getSymbolAtLocation(ts.isQualifiedName(name) ? name.left : name);
  const symbol = found === undefined ? undefined : aliased(found);
  if (symbol !== undefined && !nameOf.has(symbol) && !(symbol.flags & ts.SymbolFlags.TypeParameter)) {
    const declarations = declarationsOf(symbol);
    const into = ts.isTypeQueryNode(node) ? values : hidden;
    if (declarations.length > 0 && !into.has(symbol)) {
      into.set(symbol, owner);
      for (const declaration of declarations) visit(declaration, symbol.name);
    }
  }
  ts.forEachChild(node, (child) => visit(child, owner));
}
/** What a name that stands for a file of names holds; null for any other name. */
const membersOf = (symbol) =>
  symbol.flags & ts.SymbolFlags.Module
    ? new Map(checker.getExportsOfModule(symbol).map((member) => [member.name, aliased(member)]))
    : null;
for (const symbol of exported.values())
  for (const [name, member] of membersOf(symbol) ?? []) if (!nameOf.has(member)) nameOf.set(member, name);
for (const [name, symbol] of exported)
  for (const part of membersOf(symbol)?.values() ?? [symbol])
    for (const node of declarationsOf(part)) visit(node, name);

const textOf = (symbol) =>
  declarationsOf(symbol)
    .map((node) => {
      const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
      return printer.printNode(ts.EmitHint.Unspecified, statement, source);
    })
    .join("\n")
    .replaceAll(/^(export )?declare /gm, "")
    // The names that a bundler gives to what one file of names hands on.
    .replaceAll(/\b\w+_d_(?=\w)/g, "");
const titled = ([name, symbol]) => {
  const members = membersOf(symbol);
  if (members !== null)
    return [...members].map(([own, member]) => titled([`${name}.${own}`, member])).join("\n\n");
  const text = textOf(symbol);
  return name === symbol.name ? text : `${name}: ${text}`;
};
const text = [
  "# The public names of the package, each with its type. Renew: npm run build && npm run api:renew",
  ...[...exported].map(titled),
  "# Not exported: what the types above are made of.",
  ...[...values.keys()].map((symbol) => textOf(symbol)).sort(),
  "",
].join("\n\n");

if (process.argv.includes("--write")) writeFileSync(kept, text);
else process.stdout.write(text);
for (const [symbol, owner] of hidden)
  console.error(
    `${owner} names the type ${symbol.name}, which is not exported: export it from src/api/index.ts`,
  );
process.exitCode = hidden.size === 0 ? 0 : 1;
