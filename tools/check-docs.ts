/**
 * What the documentation of a public name must say. The names are those that the entries export, read with TypeScript's own
 * API; the rules are those of the style guide.
 */

import { existsSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type * as ast from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, type Checker, type Project, type Symbol, SymbolFlags } from "typescript/unstable/sync";
import { lineAt, listFiles, type Problem } from "./_files.ts";

type FunctionLike = ast.FunctionDeclaration | ast.ArrowFunction | ast.MethodDeclaration | ast.ConstructorDeclaration;

interface Docs {
  readonly summary: string;
  /** Texts by tag, without the `@`. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
}

/** Where published work must be named: the makers of optimizers and schedules, losses and norms. */
const needsSource = (file: string, returns: string): boolean =>
  (file.startsWith("src/optim/") && /^(Transform|Schedule)$/.test(returns)) ||
  (/^src\/nn\/.*(loss|entropy|norm)[^/]*\.ts$/.test(file) && !/Options$/.test(returns));

const needsShape = (file: string, signature: string): boolean =>
  file.startsWith("src/nn/") && /\b(Tensor|Value)\b/.test(signature);

/** Checks the names that the entries of one project export. */
class DocsCheck {
  readonly problems: Problem[] = [];
  readonly #from: string;
  readonly #project: Project;
  readonly #checker: Checker;
  readonly #seen = new Set<Symbol>();

  constructor(from: string, project: Project) {
    this.#from = from;
    this.#project = project;
    this.#checker = project.checker;
  }

  /** Checks everything that the entry at the absolute path `file` exports, once for all entries. */
  entry(file: string): void {
    const source = this.#project.program.getSourceFile(file);
    const module = source === undefined ? undefined : this.#checker.getSymbolAtLocation(source);
    if (module === undefined) return;
    for (const exported of this.#checker.getExportsOfModule(module)) {
      const isAlias = (exported.flags & SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? this.#checker.getAliasedSymbol(exported) : exported;
      if (this.#seen.has(symbol)) continue;
      this.#seen.add(symbol);
      this.#symbol(symbol);
    }
  }

  #docs(symbol: Symbol): Docs {
    const tags = new Map<string, string[]>();
    for (const { name, text } of this.#checker.getJsDocTagsOfSymbol(symbol))
      tags.set(name, [...(tags.get(name) ?? []), text ?? ""]);
    return { summary: this.#checker.getDocumentationCommentOfSymbol(symbol), tags };
  }

  #symbol(symbol: Symbol): void {
    const docs = this.#docs(symbol);
    const nodes = symbol.declarations
      .map((handle) => handle.resolve(this.#project))
      .filter((node) => node !== undefined);
    const [node] = nodes;
    if (node === undefined || node.kind === SyntaxKind.SourceFile) return; // `export * as name`: its own entry is checked
    if (docs.summary.trim() === "") this.#report(node, `"${symbol.name}" has no docstring`);
    for (const declaration of nodes) {
      if (declaration.kind === SyntaxKind.ClassDeclaration)
        this.#class(symbol.name, declaration as ast.ClassDeclaration, docs);
      if (declaration.kind === SyntaxKind.InterfaceDeclaration && symbol.name.endsWith("Options"))
        this.#members(symbol);
      const callable = asFunction(declaration);
      if (callable !== undefined) this.#function(symbol.name, callable, docs);
    }
  }

  #class(name: string, node: ast.ClassDeclaration, docs: Docs): void {
    for (const member of node.members) {
      // Every error takes a message and options; what is special about one is in its class comment.
      if (member.kind === SyntaxKind.Constructor && !name.endsWith("Error")) {
        const text = (member.jsDoc ?? []).map((comment) => comment.getText()).join("\n");
        this.#function(`new ${name}`, member as ast.ConstructorDeclaration, {
          ...docs,
          summary: `${docs.summary}\n${text}`,
        });
      }
      if (member.kind !== SyntaxKind.MethodDeclaration) continue;
      const method = member as ast.MethodDeclaration;
      const symbol = this.#checker.getSymbolAtLocation(method.name);
      const isHidden =
        method.name.kind === SyntaxKind.PrivateIdentifier || /^(private|protected)\b/.test(method.getText());
      if (isHidden || symbol === undefined) continue;
      const methodDocs = this.#docs(symbol);
      if (methodDocs.summary.trim() === "") this.#report(method, `"${name}.${symbol.name}" has no docstring`);
      else this.#function(`${name}.${symbol.name}`, method, methodDocs);
    }
  }

  #function(name: string, node: FunctionLike, docs: Docs): void {
    if (docs.summary.trim() === "") return; // already reported, and everything else would follow from it
    const prose = [docs.summary, ...[...docs.tags.values()].flat()].join("\n");
    for (const parameter of node.parameters) {
      const text = parameter.name.getText();
      if (parameter.name.kind === SyntaxKind.Identifier && new RegExp(`\\b${text}\\b`).test(prose)) continue;
      const type = this.#namedType(parameter.type);
      if (type === undefined) this.#report(node, `"${name}" does not say what parameter "${text}" is`);
      else this.#members(type);
    }
    const returns = node.type?.getText() ?? "";
    const signature = [...node.parameters.map((parameter) => parameter.type?.getText() ?? ""), returns].join(" ");
    const file = this.#fileOf(node);
    if (needsSource(file, returns) && !docs.tags.has("source")) this.#report(node, `"${name}" has no @source`);
    if (needsShape(file, signature) && !docs.tags.has("shape")) this.#report(node, `"${name}" has no @shape`);
  }

  /** The documented interface or class of the project that a parameter's type names: it then describes the parameter. */
  #namedType(type: ast.TypeNode | undefined): Symbol | undefined {
    if (type?.kind !== SyntaxKind.TypeReference) return undefined;
    const named = this.#checker.getSymbolAtLocation((type as ast.TypeReferenceNode).typeName);
    if (named === undefined) return undefined;
    const symbol = (named.flags & SymbolFlags.Alias) === 0 ? named : this.#checker.getAliasedSymbol(named);
    const isOwn =
      symbol.declarations[0]?.resolve(this.#project)?.getSourceFile().fileName.startsWith(this.#from) ?? false;
    return isOwn && this.#docs(symbol).summary.trim() !== "" ? symbol : undefined;
  }

  /** Every property of an options interface has a comment. Other interfaces may leave the obvious ones without. */
  #members(type: Symbol): void {
    if (this.#seen.has(type) && !type.name.endsWith("Options")) return;
    this.#seen.add(type);
    const node = type.declarations[0]?.resolve(this.#project);
    if (node?.kind !== SyntaxKind.InterfaceDeclaration || !type.name.endsWith("Options")) return;
    for (const member of type.getMembers().values()) {
      const declaration = member.declarations[0]?.resolve(this.#project);
      if (declaration === undefined || member.flags & SymbolFlags.TypeParameter) continue;
      if (this.#docs(member).summary.trim() === "")
        this.#report(declaration, `"${type.name}.${member.name}" has no comment`);
    }
  }

  #fileOf(node: ast.Node): string {
    return relative(this.#from, node.getSourceFile().fileName).split(sep).join("/");
  }

  #report(node: ast.Node, message: string): void {
    const line = lineAt(node.getSourceFile().text, node.getStart());
    const file = this.#fileOf(node);
    if (!this.problems.some((known) => known.file === file && known.message === message))
      this.problems.push({ file, line, message });
  }
}

/** The function that a declaration is, or that an exported constant holds. */
function asFunction(node: ast.Node): FunctionLike | undefined {
  if (node.kind === SyntaxKind.FunctionDeclaration) return node as ast.FunctionDeclaration;
  const value =
    node.kind === SyntaxKind.VariableDeclaration ? (node as ast.VariableDeclaration).initializer : undefined;
  return value?.kind === SyntaxKind.ArrowFunction ? (value as ast.ArrowFunction) : undefined;
}

/**
 * Checks the docstrings of every name that an entry (`src/index.ts`, `src/<folder>/index.ts`) exports.
 *
 * @param from - Absolute folder that holds `src` and `tsconfig.json`.
 * @returns One problem per missing summary, parameter, option comment, `@source` or `@shape`.
 */
export function checkDocs(from: string): Problem[] {
  const config = resolve(from, "tsconfig.json");
  if (!existsSync(config))
    throw new RangeError(`checkDocs: cannot read the project: no file at "${config}", it must exist`);
  const api = new API({ cwd: from });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined)
      throw new RangeError(`checkDocs: cannot open the project: got "${config}", it must be valid`);
    const check = new DocsCheck(from, project);
    for (const entry of listFiles(from, "src/{index.ts,*/index.ts,*/*/index.ts}")) check.entry(resolve(from, entry));
    return check.problems;
  } finally {
    api.close();
  }
}
