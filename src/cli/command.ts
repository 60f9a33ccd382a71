/** What a command of `cameo` is: data from which parsing and help derive, and one function. */

import { explain, UsageError } from "../base/errors.ts";

/** One flag of a command. */
export interface Flag {
  /** In kebab-case, without the dashes. */
  readonly name: string;
  /** `strings` may be given several times. A `boolean` also has a `--no-` form. */
  readonly type: "string" | "number" | "boolean" | "strings";
  /** One line, lower case, no final period. */
  readonly description: string;
  /** What stands for the value in help. @defaultValue `TEXT`, or `N` for numbers */
  readonly placeholder?: string;
  /** Words it accepts. @defaultValue any */
  readonly choices?: readonly string[];
  /** Value when the flag is absent; also shown in help. */
  readonly default?: string | number | boolean | readonly string[];
}

/** Where text goes; `process.stdout` and `process.stderr` are such. */
export interface Output {
  write(text: string): unknown;
  /** True for a terminal. */
  readonly isTTY?: boolean;
  /** Width of the terminal [characters]. */
  readonly columns?: number;
}

/** What a command sees of the world besides files. Tests give their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Results. With `--json`, nothing but one JSON object a line. */
  readonly stdout: Output;
  /** Progress and messages, for people. */
  readonly stderr: Output;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Exit codes of `cameo`. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A command. */
export interface Command {
  readonly name: string;
  /** One line for `cameo --help`. */
  readonly summary: string;
  /** What follows the name: `<run|model.onnx> [flags]`. */
  readonly usage: string;
  /** Fewest and most arguments that are no flags. */
  readonly positionals: readonly [fewest: number, most: number];
  readonly flags: readonly Flag[];
  /** Command lines that a reader can paste. */
  readonly examples: readonly string[];
  /** Paragraphs below the flags. */
  readonly details?: readonly string[];
  /**
   * How the first Ctrl-C ends it: `gracefully` if `run` watches `io.signal` and finishes what must not be lost.
   * @defaultValue "at once"
   */
  readonly stops?: "gracefully" | "at once";
  /** Other forms of the command, which take other flags. @defaultValue none */
  readonly variants?: readonly Variant[];
  /**
   * Commands below this one, named `"data sample"`; such a command does nothing by itself. They are loaded when they are asked for, so
   * that other commands do not start later for what they import.
   * @defaultValue none
   */
  readonly subcommands?: () => Promise<readonly Command[]>;
  /** Does the work; returns the exit code. What it throws becomes one line on stderr and exit code 1 or 2. */
  run(args: Arguments, io: Io): Promise<number>;
}

/** A form of a command with flags of its own. */
export interface Variant {
  /** The argument that stands for it in help: `model.onnx`. */
  readonly title: string;
  /** Whether these words, which follow the command's name, mean this form. */
  fits(words: readonly string[]): Promise<boolean>;
  /** Under the same name. */
  readonly command: Command;
}

/** Value of a flag. */
export type FlagValue = string | number | boolean | readonly string[];

/** What the user gave a command, checked against its flags. */
export class Arguments {
  readonly positionals: readonly string[];
  /** Values by flag, of the flags that were given. */
  readonly given: ReadonlyMap<string, FlagValue>;
  readonly #flags: ReadonlyMap<string, Flag>;

  constructor(flags: readonly Flag[], positionals: readonly string[], given: ReadonlyMap<string, FlagValue>) {
    this.positionals = positionals;
    this.given = given;
    this.#flags = new Map(flags.map((flag) => [flag.name, flag]));
  }

  /** A flag's text, or its default. */
  text(name: string): string | undefined {
    return this.#value(name) as string | undefined;
  }

  /** A flag's number, or its default. */
  number(name: string): number | undefined {
    return this.#value(name) as number | undefined;
  }

  /** Whether a boolean flag is on. */
  isOn(name: string): boolean {
    return this.#value(name) === true;
  }

  #value(name: string): FlagValue | undefined {
    return this.given.get(name) ?? this.#flags.get(name)?.default;
  }
}

/** The flag of every command that can speak JSON. */
export const jsonFlag: Flag = {
  name: "json",
  type: "boolean",
  description: "print one JSON object a line on stdout, and nothing else there",
};

/** A UsageError of a command, in the house form. */
export function usageError(
  command: string,
  action: string,
  received: string,
  rule: string,
  hint?: string,
  cause?: unknown,
): UsageError {
  return new UsageError(explain({ api: `cameo ${command}`.trimEnd(), action, received, rule, hint }), { cause });
}
