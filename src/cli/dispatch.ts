/** From the words of a command line to an exit code. */

import { nearest } from "../base/nearest.ts";
import { describeFailure, Interrupted } from "./_failure.ts";
import { commandHelp, groupHelp, overview } from "./_help.ts";
import { parseArguments } from "./_parse.ts";
import { type Command, exitCodes, type Io, usageError } from "./command.ts";
import { packageVersion } from "./version.ts";

/**
 * Runs `cameo` with the given words.
 *
 * @param words - What follows `cameo`.
 * @param io - Streams, environment and the signal of Ctrl-C.
 * @param commands - Those there are.
 * @returns The exit code; it never rejects.
 */
export async function dispatch(words: readonly string[], io: Io, commands: readonly Command[]): Promise<number> {
  let command: Command | null = null;
  try {
    const [first, ...rest] = words;
    if (first === "--version") {
      io.stdout.write(`${packageVersion()}\n`);
      return exitCodes.done;
    }
    const asksForHelp = first === undefined || first === "help" || first === "--help" || first === "-h";
    const name = asksForHelp ? rest[0] : first;
    if (name === undefined) {
      io.stdout.write(overview(commands));
      return exitCodes.done;
    }
    const found = await descend(find(name, commands), asksForHelp ? rest.slice(1) : rest);
    if (found.command.subcommands !== undefined) {
      io.stdout.write(groupHelp(found.command, await found.command.subcommands()));
      return exitCodes.done;
    }
    command = await variantOf(found.command, found.rest);
    const args = parseArguments(command, asksForHelp ? ["--help"] : found.rest);
    if (args.isOn("help")) {
      io.stdout.write(commandHelp(command));
      return exitCodes.done;
    }
    const work = command.run(args, io);
    return await (command.stops === "gracefully" ? work : Promise.race([work, interruption(io.signal)]));
  } catch (error) {
    const { code, text } = describeFailure(error, command);
    const stack = words.includes("--verbose") && error instanceof Error ? `${stackOf(error)}\n` : "";
    io.stderr.write(`${text}\n${stack}`);
    return code;
  }
}

function find(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name);
  const close = nearest(name, names);
  const way = close === undefined ? `commands are ${names.join(", ")}` : `the nearest is "${close}"`;
  throw usageError("", `run "${name}"`, "there is no such command", way);
}

/** The command below a group that the words name, with the words after it; the group itself when they ask for help. */
async function descend(
  command: Command,
  words: readonly string[],
): Promise<{ command: Command; rest: readonly string[] }> {
  const [word, ...rest] = words;
  if (command.subcommands === undefined || word === undefined || word === "--help" || word === "-h")
    return { command, rest: words };
  const below = await command.subcommands();
  const found = below.find(({ name }) => name === `${command.name} ${word}`);
  if (found !== undefined) return descend(found, rest);
  const names = below.map(({ name }) => name.slice(command.name.length + 1));
  const close = nearest(word, names);
  const way = close === undefined ? `commands are ${names.join(", ")}` : `the nearest is "${close}"`;
  throw usageError(command.name, `run "${word}"`, "there is no such command", way);
}

/** The form of a command that the words mean. */
async function variantOf(command: Command, words: readonly string[]): Promise<Command> {
  for (const variant of command.variants ?? []) if (await variant.fits(words)) return variant.command;
  return command;
}

/** Rejects when the user asks to stop. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Interrupted());
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
