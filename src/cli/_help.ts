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
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  const flags = rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${" ".repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
  return [
    `cameo ${command.name}: ${command.summary}`,
    "",
    `  cameo ${command.name} ${command.usage}`.trimEnd(),
    "",
    "Flags",
    ...flags,
    ...(command.details ?? []).flatMap((paragraph) => ["", paragraph]),
    "",
    command.examples.length === 1 ? "Example" : "Examples",
    ...command.examples.map((line) => `  ${line}`),
    "",
  ].join("\n");
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
