/** `cameo data check`: what is wrong with data, what is twice in it, and the certificate of what was done about it. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, explain } from "../base/errors.ts";
import { makeFolder, writeAtomically } from "../base/files.ts";
import type { Certificate } from "../data/quality/certificate.ts";
import { certificatePage } from "../data/quality/certificate-page.ts";
import { checkData } from "../data/quality/check-data.ts";
import type { CheckDataOptions } from "../data/quality/check-options.ts";
import { textPresets } from "../data/quality/filter-settings.ts";
import { parseRequirement, requirementNames } from "../data/quality/requirements.ts";
import { parseRules } from "../data/quality/rules.ts";
import { openSource } from "../data/source/open.ts";
import type { Profile } from "../data/source/profile.ts";
import { CheckBar, summaryOf } from "./_check-text.ts";
import { sharesPlaceholder, workersFlag } from "./_data-flags.ts";
import { examplePictures } from "./_example-pictures.ts";
import { folderOf } from "./_folder-flag.ts";
import { counted, formatBytes, shortPath } from "./_format.ts";
import { mapOf } from "./_recipe-flags.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { spareSource } from "./_spare-source.ts";
import { styleOf } from "./_style.ts";
import { seedOf } from "./_whole-number.ts";
import { type Arguments, type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

const name = "data check";
const presets = [...Object.keys(textPresets), "text", "images", "table"];

/** The command. */
export const dataCheck: Command = {
  name,
  summary: "find faults, duplicates and low quality, and certify what is left",
  usage: "<source> [flags]",
  positionals: [1, 1],
  flags: [
    {
      name: "preset",
      type: "string",
      choices: presets,
      description:
        "text filters of a published recipe, or plain text, images or a table; told by the columns when absent",
    },
    {
      name: "text",
      type: "string",
      placeholder: "COLUMN",
      description: "column with the text, when several could be it",
    },
    { name: "image", type: "string", placeholder: "COLUMN", description: "column with the image, likewise" },
    { name: "near-duplicates", type: "boolean", description: "also remove near-duplicates", default: true },
    { name: "rules", type: "string", placeholder: "FILE", description: "JSON file with rules by column" },
    { name: "against", type: "string", placeholder: "SOURCE", description: "test set that must not be in the data" },
    {
      name: "reference",
      type: "string",
      placeholder: "FILE",
      description: "profile, or certificate, of data to compare with",
    },
    { name: "label", type: "string", placeholder: "COLUMN", description: "column with the class of each row, from 0" },
    {
      name: "probabilities",
      type: "string",
      placeholder: "COLUMN",
      description: "column with predicted probabilities, to find wrong labels",
    },
    { name: "embeddings", type: "string", placeholder: "COLUMN", description: "column with vectors, for the same" },
    {
      name: "require",
      type: "strings",
      placeholder: "NAME=N",
      description: `limit that the data must keep: ${requirementNames.join(", ")}`,
    },
    {
      name: "split",
      type: "strings",
      placeholder: sharesPlaceholder,
      description: "add the column split, as train=0.9,validation=0.1; groups of --by stay together",
    },
    { name: "by", type: "string", placeholder: "COLUMN", description: "column of groups that stay in one split" },
    {
      name: "out",
      type: "string",
      placeholder: "FILE",
      description: "file for the rows that stay: .parquet, .jsonl or .csv",
    },
    {
      name: "certificate",
      type: "string",
      placeholder: "DIR",
      description: "folder for certificate.json, certificate.html and removed.jsonl",
    },
    { name: "resume", type: "boolean", description: "go on with a check that was stopped; needs --certificate" },
    {
      name: "profile",
      type: "boolean",
      description: "profile the columns, which reads the data once more",
      default: true,
    },
    workersFlag,
    { name: "seed", type: "number", description: "seed of what is random", default: 1 },
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data check texts.jsonl --preset fineweb --out clean.parquet --certificate certificate",
    "cameo data check photos/ --require max-removed=0.2 --require max-quarantined=0",
    "cameo data check table.csv --rules rules.json --reference last-week/certificate.json --require max-drift=0.25",
    "cameo data check train.parquet --text question --against test.jsonl --split train=0.95,validation=0.05 --out parts.parquet",
  ],
  details: [
    `Stages in order: faults and broken rules, exact duplicates, near-duplicates (MinHash of texts, perceptual hashes of images), text
filters, overlap with the test set. A row leaves at the first that refuses it, with a code; of rows alike, the first that passes the filters stays.`,
    `Exit code 1 means that the data misses a --require or cannot be read. What was removed is no failure by itself.`,
  ],
  stops: "gracefully",
  run: async (args, io) => {
    const [location = ""] = args.positionals;
    const options = await optionsOf(args);
    const folder = args.given.has("certificate") ? folderOf(name, args, "certificate") : undefined;
    if (args.isOn("resume") && folder === undefined)
      throw usageError(name, "use --resume", "there is no --certificate", "what was done so far lies in its folder");
    if (folder !== undefined) await makeFolder(folder);
    const work = folder === undefined ? undefined : join(folder, "work");
    await using source = await openSource(location, sourceOptions(args));
    const test = args.text("against");
    await using against = test === undefined ? undefined : await openSource(test, sourceOptions(args));
    for (const each of against === undefined ? [source] : [source, against])
      if (options.out !== undefined) await spareSource(name, each, "out", options.out);
    const style = styleOf(io.stderr, io.env);
    const isJson = args.isOn("json");
    using bar = new CheckBar(io.stderr, style);
    const certificate = await checkData(source, {
      ...options,
      ...(against === undefined ? {} : { against }),
      ...(work === undefined ? {} : { folder: work, removed: join(folder as string, "removed.jsonl") }),
      resume: args.isOn("resume") && existsSync(work as string),
      signal: io.signal,
      onProgress: (progress) => {
        if (isJson)
          bar.throttled(progress, () => io.stdout.write(`${JSON.stringify({ type: "progress", ...progress })}\n`));
        else bar.show(progress);
      },
    });
    bar[Symbol.dispose]();
    if (folder !== undefined) {
      await writeAtomically(join(folder, "certificate.json"), `${JSON.stringify(certificate, null, 2)}\n`);
      const pictures = await examplePictures(source, certificate.examples, io.signal);
      await writeAtomically(join(folder, "certificate.html"), certificatePage(certificate, pictures));
    }
    if (isJson) io.stdout.write(`${JSON.stringify({ type: "certificate", ...certificate })}\n`);
    else io.stdout.write(textOf(certificate, folder, styleOf(io.stdout, io.env)));
    return certificate.passed ? exitCodes.done : exitCodes.failed;
  },
};

function textOf(certificate: Certificate, folder: string | undefined, style: ReturnType<typeof styleOf>): string {
  const { file } = certificate.output;
  const written = [
    ...(file === null
      ? []
      : [
          `${style.green("wrote")} ${shortPath(file.location)}, ${counted(certificate.output.rows, "row")}, ${formatBytes(file.sizeBytes)}`,
        ]),
    ...(folder === undefined ? [] : [`${style.green("wrote")} ${shortPath(join(folder, "certificate.html"))}`]),
  ];
  return `${[...summaryOf(certificate, style), ...(written.length > 0 ? ["", ...written] : [])].join("\n")}\n`;
}

async function optionsOf(args: Arguments): Promise<CheckDataOptions> {
  const preset = args.text("preset");
  const [text, image] = [args.text("text"), args.text("image")];
  if (text !== undefined && image !== undefined)
    throw usageError(name, "use --image", `got --text "${text}" too`, "a row is a text or an image");
  const column = text ?? image;
  const workers = args.number("workers");
  const rules = args.text("rules");
  const reference = args.text("reference");
  const group = args.text("by");
  const labels = labelsOf(args);
  const out = args.text("out");
  const kinds: Readonly<Record<string, CheckDataOptions["kind"]>> = { images: "image", table: "table" };
  const named = text !== undefined ? "text" : image !== undefined ? "image" : undefined;
  const kind = preset === undefined ? named : (kinds[preset] ?? "text");
  const filters = textPresets[preset as keyof typeof textPresets];
  const splits = mapOf(name, "split", (args.given.get("split") ?? []) as string[], true);
  const isNear = args.isOn("near-duplicates");
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(filters === undefined ? {} : { filters }),
    ...(column === undefined ? {} : { column }),
    ...(workers === undefined ? {} : { workers }),
    ...(rules === undefined ? {} : { rules: parseRules(await readJson(rules)) }),
    ...(reference === undefined ? {} : { reference: await readProfile(reference) }),
    ...(labels === undefined ? {} : { labels }),
    ...(group === undefined ? {} : { group }),
    ...(out === undefined ? {} : { out }),
    ...(Object.keys(splits).length === 0 ? {} : { splits: splits as Record<string, number> }),
    ...(isNear ? {} : { nearDuplicates: false as const, imageDistance: false as const }),
    profile: args.isOn("profile"),
    requirements: Object.fromEntries(((args.given.get("require") ?? []) as string[]).map(parseRequirement)),
    seed: seedOf(name, args),
  };
}

function labelsOf(args: Arguments): CheckDataOptions["labels"] {
  const [label, probabilities, embeddings] = ["label", "probabilities", "embeddings"].map((flag) => args.text(flag));
  if (label === undefined && probabilities === undefined && embeddings === undefined) return undefined;
  if (label === undefined || (probabilities === undefined && embeddings === undefined))
    throw usageError(
      name,
      "judge labels",
      "not all columns are named",
      "needs --label with --probabilities or --embeddings",
    );
  return {
    label,
    ...(probabilities === undefined ? {} : { probabilities }),
    ...(embeddings === undefined ? {} : { embeddings }),
  };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const received = cause instanceof SyntaxError ? cause.message : "it cannot be read";
    throw new DataError(
      explain({ api: `cameo ${name}`, action: `read "${path}"`, received, rule: "must be a JSON file" }),
      { source: path, cause },
    );
  }
}

/** A profile by itself, or that of a certificate. */
async function readProfile(path: string): Promise<Profile> {
  const json = (await readJson(path)) as { readonly profile?: unknown; readonly columns?: unknown } | null;
  const profile = (json?.profile ?? json) as Partial<Profile> | null;
  if (Array.isArray(profile?.columns) && typeof profile.numRows === "number") return profile as Profile;
  throw new DataError(
    explain({
      api: `cameo ${name}`,
      action: `use "${path}" as reference`,
      received: "it holds no profile",
      rule: "must be a profile, or a certificate with one",
    }),
    { source: path },
  );
}
