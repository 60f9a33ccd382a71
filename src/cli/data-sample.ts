/** `cameo data sample`: some rows of data of any format, drawn so that one can say what they stand for. */

import { writeAtomically } from "../base/files.ts";
import { type SampleMethod, sampleMethods } from "../data/sample/source-sample.ts";
import { leftOut, sharesPlaceholder } from "./_data-flags.ts";
import { count, counted, formatBytes, shortPath } from "./_format.ts";
import { type SampleRequest, sampleFiles } from "./_sample-files.ts";
import { reportLines } from "./_sample-text.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { styleOf } from "./_style.ts";
import { seedOf } from "./_whole-number.ts";
import { type Arguments, type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

/** Which flags each method uses, beside those that all do. */
const uses: Readonly<Record<SampleMethod, readonly string[]>> = {
  random: ["n", "fraction", "replace"],
  systematic: ["n", "fraction", "sort"],
  stratified: ["n", "fraction", "by", "allocation", "value", "minimum"],
  cluster: ["n", "fraction", "by", "clusters"],
  reservoir: ["n"],
  weighted: ["n", "fraction", "weight", "replace"],
  hash: ["fraction", "by"],
  numpy: ["n", "fraction", "weight", "replace"],
  "numpy-legacy": ["n", "fraction", "weight", "replace"],
};

/** Flags without which a method means nothing. */
const needs: Readonly<Partial<Record<SampleMethod, readonly string[]>>> = {
  stratified: ["by"],
  reservoir: ["n"],
  weighted: ["weight"],
  hash: ["fraction"],
};

const own = ["n", "fraction", "replace", "sort", "by", "allocation", "value", "minimum", "clusters", "weight"];

/** The command. */
export const dataSample: Command = {
  name: "data sample",
  summary: "draw rows from data of any format, at random or by a plan",
  usage: "<source> --n N | --fraction F | --split … --out FILE [flags]",
  positionals: [1, 64],
  flags: [
    { name: "method", type: "string", choices: sampleMethods, description: "how rows are drawn", default: "random" },
    { name: "n", type: "number", description: "rows to draw" },
    { name: "fraction", type: "number", placeholder: "F", description: "share of the rows to draw, up to 1" },
    { name: "seed", type: "number", description: "seed of what is random", default: 1337 },
    { name: "replace", type: "boolean", description: "let a row come several times" },
    {
      name: "by",
      type: "string",
      placeholder: "COLUMN",
      description: "column of strata or clusters, or of groups that stay together",
    },
    { name: "weight", type: "string", placeholder: "COLUMN", description: "column of weights" },
    { name: "sort", type: "string", placeholder: "COLUMN", description: "order of rows for the systematic method" },
    {
      name: "allocation",
      type: "string",
      choices: ["proportional", "equal", "neyman"],
      description: "how rows are shared out among strata; proportional when absent",
    },
    { name: "value", type: "string", placeholder: "COLUMN", description: "numbers whose spread neyman goes by" },
    { name: "minimum", type: "number", description: "fewest rows of each stratum" },
    { name: "clusters", type: "number", description: "clusters to draw, with the N rows of --n among them" },
    {
      name: "split",
      type: "strings",
      placeholder: sharesPlaceholder,
      description: "divide into files, as train=0.9,validation=0.1; groups of --by stay together",
    },
    {
      name: "mix",
      type: "strings",
      placeholder: sharesPlaceholder,
      description: "mix several sources, as web=0.7,code=0.3; by their names without extension",
    },
    {
      name: "temperature",
      type: "number",
      description: "evens out (above 1) or sharpens the shares of --mix",
      default: 1,
    },
    {
      name: "order",
      type: "string",
      choices: ["source", "drawn"],
      description: "rows as they stand in the source, or as they were drawn",
      default: "source",
    },
    { name: "probabilities", type: "boolean", description: "add the column _inclusionProbability" },
    { name: "out", type: "string", placeholder: "FILE", description: "file to write: .parquet, .jsonl or .csv" },
    {
      name: "report",
      type: "string",
      placeholder: "FILE",
      description: "compare the sample with its source by column, and write that as JSON",
    },
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data sample big.parquet --method systematic --n 1000000 --out sample.parquet",
    "cameo data sample people.csv --method stratified --by country --n 1000 --minimum 5 --out sample.csv --report report.json",
    "cameo data sample all.parquet --split train=0.8,validation=0.1,test=0.1 --by patient --out parts.parquet",
    "cameo data sample web.parquet code.parquet --mix web=0.7,code=0.3 --n 100000 --out mixed.parquet",
  ],
  details: [
    `The same seed gives the same rows, whatever the format. random, systematic and numpy draw by number; stratified, cluster and
weighted read the column they need first. hash keeps or drops whole groups, and a row that is kept stays so when data is appended.
numpy draws the rows that numpy.random.default_rng(seed).choice draws, numpy-legacy those of numpy.random.seed(seed).`,
    `With --split, one file for each part: parts-train.parquet, parts-validation.parquet. What is drawn half as likely stands for twice
as many: 1/_inclusionProbability are the weights that make estimates from the sample unbiased; --report uses them.`,
  ],
  run: async (args, io) => {
    const request = requestOf(args);
    const result = await sampleFiles(request, io.signal);
    if (request.report !== undefined)
      await writeAtomically(request.report, `${JSON.stringify(result.reports, null, 2)}\n`);
    if (args.isOn("json")) {
      const { reports, schema: _, ...facts } = result;
      io.stdout.write(`${JSON.stringify({ type: "sample", ...facts })}\n`);
      for (const report of reports) io.stdout.write(`${JSON.stringify({ type: "report", ...report })}\n`);
      return exitCodes.done;
    }
    const style = styleOf(io.stdout, io.env);
    const lines = result.files.map(
      ({ path, numRows, sizeBytes }) =>
        `${style.green("wrote")} ${shortPath(path)}, ${count(numRows)} of ${count(result.size)} rows, ${formatBytes(sizeBytes)}`,
    );
    for (const report of result.reports) lines.push(...reportLines(report, result.schema, style));
    if (result.lost > 0) lines.push(style.yellow(`${counted(result.lost, "drawn row")} could not be read`));
    lines.push(...leftOut(result.faults, style));
    io.stdout.write(`${lines.join("\n")}\n`);
    return exitCodes.done;
  },
};

/** Checks the flags against each other. */
function requestOf(args: Arguments): SampleRequest {
  const fail = (action: string, received: string, rule: string): never => {
    throw usageError("data sample", action, received, rule);
  };
  const method = args.text("method") as SampleMethod;
  const isGiven = (flag: string): boolean => args.given.has(flag);
  const [split, mix] = [sharesOf(args, "split"), sharesOf(args, "mix")];
  const out = args.text("out") ?? fail("write", "--out is absent", "names the file to write");
  const takesAll = split !== undefined && !isGiven("n") && !isGiven("fraction");
  if (isGiven("n") && isGiven("fraction")) fail("use --n and --fraction", "got both", "one decides how many rows");
  if (!isGiven("n") && !isGiven("fraction") && !takesAll)
    fail("decide how many rows", "got neither --n nor --fraction", "needs one of them, or --split");
  if (takesAll && isGiven("method"))
    fail(`use --method ${method}`, "it has no rows to draw", "needs --n or --fraction");
  for (const flag of takesAll ? [] : (needs[method] ?? []))
    if (!isGiven(flag)) fail(`use --method ${method}`, `--${flag} is absent`, "it is needed");
  const allowed = mix !== undefined ? ["n", "replace"] : takesAll ? ["by"] : uses[method];
  const also = split !== undefined && method !== "stratified" ? ["by"] : [];
  const odd = own.find((flag) => isGiven(flag) && ![...allowed, ...also].includes(flag));
  if (odd !== undefined)
    fail(
      `use --${odd}`,
      `the method is ${mix === undefined ? method : "--mix"}`,
      `it takes ${allowed.map((flag) => `--${flag}`).join(", ")}`,
    );
  if (
    mix !== undefined &&
    (split !== undefined || isGiven("report") || isGiven("method") || args.text("order") === "drawn")
  )
    fail("use --mix", "got --method, --order, --split or --report too", "sample or compare the file that it writes");
  if (mix === undefined && args.positionals.length > 1)
    fail(`take ${args.positionals.length} sources`, "--mix is absent", "several sources need it");
  const seed = seedOf("data sample", args);
  const options = Object.fromEntries(own.flatMap((flag) => (isGiven(flag) ? [[flag, args.given.get(flag)]] : [])));
  return {
    locations: args.positionals,
    sourceOptions: () => sourceOptions(args),
    plan: takesAll ? undefined : { ...options, method, seed },
    seed,
    by: args.text("by"),
    split,
    mix,
    temperature: args.number("temperature") as number,
    order: args.text("order") as "source" | "drawn",
    probabilities: args.isOn("probabilities"),
    out,
    report: args.text("report"),
  };
}

/** `train=0.9,validation=0.1` as an object. */
function sharesOf(args: Arguments, flag: string): Record<string, number> | undefined {
  const text = (args.given.get(flag) as readonly string[] | undefined)?.join(",");
  if (text === undefined) return undefined;
  const shares = text.split(",").map((part): [string, number] => {
    const [, name = "", share = ""] = /^([\w.-]+)=([\d.]+(?:e[+-]?\d+)?)$/i.exec(part.trim()) ?? [];
    if (name === "" || !Number.isFinite(Number(share)))
      throw usageError("data sample", `use --${flag}`, `got "${part}"`, "each part is NAME=SHARE");
    return [name, Number(share)];
  });
  if (new Set(shares.map(([name]) => name)).size < shares.length)
    throw usageError("data sample", `use --${flag}`, `got "${text}"`, "names must differ");
  return Object.fromEntries(shares);
}
