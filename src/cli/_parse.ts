/** Turns the words after a command into {@link Arguments}. */

import { nearest } from "../base/nearest.ts";
import { Arguments, type Command, type Flag, type FlagValue, usageError } from "./command.ts";

/** Flags that every command has. */
export const globalFlags: readonly Flag[] = [
  { name: "help", type: "boolean", description: "print this help" },
  { name: "verbose", type: "boolean", description: "print the stack of an error" },
];

/**
 * Parses the words of a command line. `--name value`, `--name=value`, `--name` and `--no-name` (booleans); `--` ends the flags.
 * A value may begin with one dash (`--steps -5` gets as far as the rule for steps).
 *
 * @param command - Whose flags they are.
 * @param words - What follows the command's name.
 * @throws UsageError naming the word at fault and the nearest flag.
 */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const flags = new Map([...command.flags, ...globalFlags].map((flag) => [flag.name, flag]));
  const fail = (action: string, received: string, rule: string): never => {
    throw usageError(command.name, action, received, rule);
  };
  const positionals: string[] = [];
  const given = new Map<string, FlagValue>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      positionals.push(...rest.splice(0));
    } else if (word === "-h") {
      given.set("help", true);
    } else if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
    } else {
      const equals = word.indexOf("=");
      const typed = equals < 0 ? word : word.slice(0, equals);
      const name = typed.replace(/^--/, "");
      const positive = flags.get(name);
      const negated = name.startsWith("no-") ? flags.get(name.slice(3)) : undefined;
      const flag = positive ?? (negated?.type === "boolean" ? negated : undefined);
      if (flag === undefined || !typed.startsWith("--")) {
        const close = nearest(name, flags.keys());
        const way = close === undefined ? `"cameo ${command.name} --help" lists them` : `the nearest is --${close}`;
        return fail(`use ${typed}`, "there is no such flag", way);
      }
      if (flag.type === "boolean") {
        if (equals >= 0) fail(`use ${typed}`, `got "${word.slice(equals + 1)}"`, "it takes no value");
        given.set(flag.name, positive !== undefined);
        continue;
      }
      const next = equals >= 0 ? word.slice(equals + 1) : rest[0];
      if (next === undefined || (equals < 0 && next.startsWith("--") && next.length > 2))
        return fail(`use --${name}`, next === undefined ? "got nothing" : `got ${next}`, "it takes a value");
      if (equals < 0) rest.shift();
      const value = valueOf(command, flag, next);
      const before = given.get(flag.name);
      given.set(flag.name, flag.type === "strings" ? [...((before as string[]) ?? []), next] : value);
    }
  }
  const isHelp = given.get("help") === true;
  const [fewest, most] = command.positionals;
  const synopsis = `cameo ${command.name} ${command.usage}`;
  const extra = positionals[most];
  if (extra !== undefined && !isHelp)
    fail(`take "${extra}"`, `got ${positionals.length} arguments`, `the form is: ${synopsis}`);
  if (positionals.length < fewest && !isHelp)
    fail("begin", positionals.length === 0 ? "got no argument" : "got too few arguments", `the form is: ${synopsis}`);
  return new Arguments(command.flags, positionals, given);
}

function valueOf(command: Command, flag: Flag, text: string): FlagValue {
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    const close = nearest(text, flag.choices);
    const rule = `must be ${listed(flag.choices)}${close === undefined || flag.choices.length < 3 ? "" : `; the nearest is "${close}"`}`;
    throw usageError(command.name, `use --${flag.name}`, `got "${text}"`, rule);
  }
  if (flag.type !== "number") return text;
  if (!/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    throw usageError(command.name, `use --${flag.name}`, `got "${text}"`, "must be a number");
  return Number(text.replaceAll("_", ""));
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? `"${words[0]}"` : `one of ${words.join(", ")}`;
}
