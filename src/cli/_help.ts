/** Help texts, made from the commands' own data. */

import { globalFlags } from "./_parse.ts";
import type { Command, Flag, FlagValue } from "./command.ts";

/** Text of `cameo --help`. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "cameo: define, train, compress and ship models as plain ONNX graphs",
    "",
    "  cameo <command> [arguments] [flags]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "  cameo help <command>   its flags and examples",
    "  cameo --version        the version",
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (after a checkpoint).",
    "",
  ].join("\n");
}

/** Text of `cameo help <command>`. */
export function commandHelp(command: Command): string {
  const rows = [...command.flags, ...globalFlags].map((flag) => [form(flag), explained(flag)] as const);
  const width = Math.min(24, Math.max(...rows.map(([left]) => left.length)));
  const margin = " ".repeat(width + 4);
  const flags = rows.map(([left, right]) => {
    const lines = wrapped(right, lineWidth - margin.length).join(`\n${margin}`);
    return left.length > width ? `  ${left}\n${margin}${lines}` : `  ${left.padEnd(width)}  ${lines}`;
  });
  return [
    `cameo ${command.name}: ${command.summary}`,
    "",
    `  cameo ${command.name} ${command.usage}`.trimEnd(),
    "",
    "Flags",
    ...flags,
    ...(command.details ?? []).flatMap((paragraph) => ["", ...wrapped(paragraph)]),
    ...variantLines(command),
    "",
    command.examples.length === 1 ? "Example" : "Examples",
    ...command.examples.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

/** Text of `cameo help <command>` for a command that only holds others. */
export function groupHelp({ name, summary, usage, details = [] }: Command, subcommands: readonly Command[]): string {
  const width = Math.max(...subcommands.map((command) => command.name.length));
  return [
    `cameo ${name}: ${summary}`,
    "",
    `  cameo ${name} ${usage}`,
    "",
    ...subcommands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    ...details.flatMap((paragraph) => ["", ...wrapped(paragraph)]),
    "",
    `  cameo help ${name} <command>   its flags and examples`,
    "",
  ].join("\n");
}

function variantLines({ name, variants = [] }: Command): string[] {
  if (variants.length === 0) return [];
  const rows = variants.map((variant) => [`cameo help ${name} ${variant.title}`, variant.command.summary] as const);
  const width = Math.max(...rows.map(([words]) => words.length));
  return [
    "",
    "Other forms, with flags of their own",
    ...rows.map(([words, text]) => `  ${words.padEnd(width)}  ${text}`),
  ];
}

/** Longest line [characters]. */
const lineWidth = 80;

/** A paragraph as lines; lines that begin with a space stay as they are. */
function wrapped(paragraph: string, width = lineWidth): string[] {
  return paragraph.split(/\n(?= )|(?<=^ .*)\n/m).flatMap((part) => {
    if (part.startsWith(" ")) return [part];
    const lines: string[] = [];
    let line = "";
    for (const word of part.split(/\s+/)) {
      if (line.length > 0 && line.length + word.length > width) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += `${word} `;
    }
    return [...lines, line.trimEnd()];
  });
}

function form(flag: Flag): string {
  if (flag.type === "boolean") return `--${flag.default !== undefined ? "[no-]" : ""}${flag.name}`;
  return `--${flag.name} ${flag.placeholder ?? (flag.type === "number" ? "N" : "TEXT")}`;
}

function explained(flag: Flag): string {
  const notes = [
    ...(flag.choices === undefined ? [] : [flag.choices.join(", ")]),
    ...(flag.type === "strings" ? ["may be repeated"] : []),
    ...(flag.default === undefined || flag.default === "" ? [] : [`default ${shown(flag.default)}`]),
  ];
  return notes.length === 0 ? flag.description : `${flag.description} (${notes.join("; ")})`;
}

function shown(value: FlagValue): string {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}
