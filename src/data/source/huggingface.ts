/** Folders as the Hugging Face Hub has them: configurations and splits, told by the README or by the names of files. */

import { matchesGlob } from "node:path/posix";
import { DataError, explain } from "../../base/errors.ts";
import type { StoreEntry } from "../store/store.ts";
import { frontMatter, parseYaml, type YamlValue } from "./_front-matter.ts";
import { bareName, dataEntries, hasExtension, type OpenContext, type SourceFormat } from "./format.ts";
import type { Source } from "./source.ts";

/** Words that name a split, and the split. */
const keywords: readonly (readonly [split: string, words: RegExp])[] = [
  ["train", /(^|[^a-z])(train|training)([^a-z]|$)/],
  ["validation", /(^|[^a-z])(validation|valid|val|dev)([^a-z]|$)/],
  ["test", /(^|[^a-z])(test|testing|eval|evaluation)([^a-z]|$)/],
];

const shard = /-\d{5}-of-\d{5}\./;

/** Which format reads the files of a split. */
const formatsByExtension: readonly (readonly [format: string, extensions: readonly string[]])[] = [
  ["parquet", [".parquet"]],
  ["jsonl", [".jsonl", ".ndjson", ".json"]],
  ["csv", [".csv", ".tsv"]],
  ["text", [".txt"]],
  ["webdataset", [".tar"]],
];
const extensions = formatsByExtension.flatMap(([, list]) => list);

/** Data sets of the Hub that were downloaded as they are. Images in folders have a format of their own. */
export const huggingface: SourceFormat = {
  name: "huggingface",
  detect: (_, entries) => {
    const data = dataEntries(entries);
    if (!data.every(({ location }) => hasExtension(location, extensions))) return false;
    const names = entries.map(({ location }) => bareName(location));
    const root = commonFolder(entries);
    const isDescribed = names.includes("readme.md") || names.some((name) => /^dataset_infos?\.json$/.test(name));
    const splits = new Set(data.map((entry) => splitOf(entry, root)));
    return (
      (isDescribed && data.length < entries.length) ||
      (splits.size > 1 && !splits.has(undefined)) ||
      names.some((name) => shard.test(name))
    );
  },
  open: openHub,
};

async function openHub(context: OpenContext): Promise<Source> {
  const { entries, options, location, store } = context;
  const root = commonFolder(entries);
  const readme = entries.find((entry) => pathBelow(entry, root).toLowerCase() === "readme.md");
  const matter =
    readme === undefined ? undefined : frontMatter(Buffer.from(await store.read(readme.location)).toString());
  const configs = configsOf(matter === undefined ? "" : parseYaml(matter));
  const refuse = (received: string, rule: string): never => {
    throw new DataError(explain({ api: "openSource", action: `open "${location}"`, received, rule }), {
      source: location,
    });
  };
  const listed = (names: Iterable<string>): string =>
    `must be one of ${[...names].map((name) => `"${name}"`).join(", ")}`;

  const wanted = options.config ?? (configs.has("default") ? "default" : [...configs.keys()][0]);
  const config = wanted === undefined ? undefined : configs.get(wanted);
  if (options.config !== undefined && config === undefined)
    refuse(
      `there is no configuration "${options.config}"`,
      configs.size === 0 ? "it has none" : listed(configs.keys()),
    );

  const data = dataEntries(entries);
  const splits = new Map<string, StoreEntry[]>();
  for (const entry of data) {
    const split =
      config === undefined
        ? (splitOf(entry, root) ?? "train")
        : [...config].find(([, patterns]) =>
            patterns.some((pattern) => matchesGlob(pathBelow(entry, root), pattern)),
          )?.[0];
    if (split !== undefined) splits.set(split, [...(splits.get(split) ?? []), entry]);
  }
  const split = options.split ?? (splits.has("train") ? "train" : [...splits.keys()][0]);
  const chosen =
    splits.get(split ?? "") ??
    refuse(
      split === undefined ? "its README names no file that is there" : `there is no split "${split}"`,
      splits.size === 0 ? "must hold data" : listed(splits.keys()),
    );
  const format = formatsByExtension.find(([, list]) =>
    chosen.every((entry) => hasExtension(entry.location, list)),
  )?.[0];
  return context.openAs(format ?? refuse(`split "${split}" holds files of several kinds`, "must be of one"), chosen);
}

/** Splits by configuration, with the patterns of their files: `configs` of a README. */
function configsOf(yaml: YamlValue): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const field = (value: YamlValue | undefined, name: string): YamlValue | undefined =>
    typeof value === "object" && !Array.isArray(value)
      ? (value as Readonly<Record<string, YamlValue>>)[name]
      : undefined;
  const list = (value: YamlValue | undefined): readonly YamlValue[] =>
    value === undefined ? [] : Array.isArray(value) ? (value as readonly YamlValue[]) : [value];
  const texts = (value: YamlValue | undefined): readonly string[] =>
    list(value).filter((item): item is string => typeof item === "string" && item !== "");
  const configs = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const config of list(field(yaml, "configs"))) {
    const files = field(config, "data_files");
    const splits = new Map<string, readonly string[]>();
    for (const item of list(files)) {
      if (typeof item === "string") splits.set("train", [...(splits.get("train") ?? []), item]);
      else splits.set(texts(field(item, "split"))[0] ?? "train", texts(field(item, "path")));
    }
    if (splits.size > 0) configs.set(texts(field(config, "config_name"))[0] ?? "default", splits);
  }
  return configs;
}

/** The split that the path of a file names: its own name before that of its folders. */
function splitOf(entry: StoreEntry, root: string): string | undefined {
  for (const part of pathBelow(entry, root).toLowerCase().split("/").reverse())
    for (const [split, words] of keywords) if (words.test(part)) return split;
  return undefined;
}

const slashed = (location: string): string => location.replaceAll("\\", "/");

/** The folder that holds everything, with its slash. */
function commonFolder(entries: readonly StoreEntry[]): string {
  const [first = { location: "" }] = entries;
  let folder = slashed(first.location).replace(/[^/]*$/, "");
  while (!entries.every(({ location }) => slashed(location).startsWith(folder)))
    folder = folder.replace(/[^/]*\/$/, "");
  return folder;
}

function pathBelow(entry: StoreEntry, root: string): string {
  return slashed(entry.location).slice(root.length);
}
