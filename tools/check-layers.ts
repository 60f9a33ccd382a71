/**
 * Imports go one way. A folder of `src` imports from folders of lower layers only, siblings of a layer do not see each
 * other, `_name.ts` stays in its folder, nobody imports an `index.ts`, packages stay where they belong, nothing is cyclic.
 */

import { posix } from "node:path";
import { blankComments, isTestFile, lineAt, listFiles, type Problem, readText } from "./_files.ts";

/** Layer of every folder of `src`: the table of the design. */
const layers: Readonly<Record<string, number>> = {
  base: 0,
  tensor: 1,
  graph: 2,
  ops: 3,
  passes: 4,
  autodiff: 4,
  runtime: 4,
  nn: 5,
  optim: 5,
  data: 5,
  train: 6,
  text: 7,
  tune: 7,
  vision: 7,
  rl: 7,
  compress: 7,
  distributed: 7,
  federated: 8,
  dashboard: 9,
  web: 9,
  cli: 10,
};

/** The folders that may import a package. `package.json` says which packages there are; one not listed here is free. */
const homes: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-node": ["runtime"],
  "onnxruntime-web": ["runtime"],
  "onnxruntime-common": ["runtime"],
  koffi: ["runtime", "distributed"],
  sharp: ["data"],
  "@duckdb/node-api": ["data"],
  hyparquet: ["data"],
  "hyparquet-compressors": ["data"],
  "hyparquet-writer": ["data"],
  aws4fetch: ["data"],
  fflate: ["data", "web"],
};

interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Gone when types are stripped, so it closes no cycle. */
  readonly typeOnly: boolean;
}

/** Static imports, re-exports, dynamic imports and worker URLs with a literal specifier, in the order of the file. */
export function importsOf(text: string): Import[] {
  const code = blankComments(text);
  const patterns = [
    /^(?:import|export)\s(?:[^;"'`]*?\sfrom\s*)?["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
    /\bnew URL\(\s*["'](\.[^"']+\.ts)["']/g,
  ];
  const found = patterns.flatMap((pattern) => [...code.matchAll(pattern)]);
  return found
    .sort((a, b) => a.index - b.index)
    .map((match) => ({
      specifier: match[1] ?? "",
      line: lineAt(code, match.index),
      typeOnly: /^(?:import|export)\s+type\b/.test(match[0]),
    }));
}

const folderOf = (path: string): string => path.split("/")[1] ?? "";
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

function relativeProblem(file: string, target: string): string | undefined {
  if (!target.startsWith("src/")) return `imports "${target}", which is outside src`;
  if (isTestFile(target)) return `imports "${target}", which is test code`;
  const isRootEntry = file === "src/index.ts";
  if (target.endsWith("/index.ts") && !isRootEntry) return `imports "${target}"; import the file that defines the name`;
  if (posix.basename(target).startsWith("_") && posix.dirname(target) !== posix.dirname(file))
    return `imports "${target}", which is private to its folder`;
  if (isRootEntry) return undefined;
  const [from, to] = [folderOf(file), folderOf(target)];
  const [own, other] = [layers[from], layers[to]];
  if (own === undefined || other === undefined) return `folder "${own === undefined ? from : to}" is in no layer`;
  if (from !== to && own <= other)
    return `${from} (layer ${own}) imports ${to} (layer ${other}); imports go to lower layers only`;
  return undefined;
}

function packageProblem(file: string, specifier: string, declared: ReadonlySet<string>): string | undefined {
  const name = packageOf(specifier);
  if (name === "cameo") return `imports "${specifier}"; inside src import the file that defines the name`;
  if (!declared.has(name)) return `imports "${name}", which package.json names neither as dependency nor as peer`;
  const home = homes[name];
  return home === undefined || home.includes(folderOf(file))
    ? undefined
    : `imports "${name}"; only ${home.join(" and ")} may`;
}

/** The first cycle that a depth-first walk closes, from each file on at most once. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const path: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of edges.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return cycles;
}

/**
 * Checks the direction of every import below `src`.
 *
 * @param from - Absolute folder that holds `src` and `package.json`.
 * @returns One problem per import that goes the wrong way, and one per cycle.
 */
export function checkLayers(from: string): Problem[] {
  const manifest = JSON.parse(readText(from, "package.json")) as Record<string, Record<string, string> | undefined>;
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  const problems: Problem[] = [];
  const edges = new Map<string, string[]>();
  for (const file of listFiles(from, "src/**/*.ts").filter((path) => !isTestFile(path))) {
    const targets: string[] = [];
    edges.set(file, targets);
    for (const { specifier, line, typeOnly } of importsOf(readText(from, file))) {
      if (specifier.startsWith("node:")) continue;
      const isRelative = specifier.startsWith(".");
      const target = posix.join(posix.dirname(file), specifier);
      const message = isRelative ? relativeProblem(file, target) : packageProblem(file, specifier, declared);
      if (message !== undefined) problems.push({ file, line, message });
      if (isRelative && !typeOnly) targets.push(target);
    }
  }
  for (const cycle of findCycles(edges))
    problems.push({ file: cycle[0] ?? "", line: 1, message: `import cycle: ${cycle.join(" → ")}` });
  return problems;
}
