/** What becomes of an error: a line for stderr and an exit code. */

import { isCameoError, messageOf } from "../base/errors.ts";
import { type Command, exitCodes } from "./command.ts";

/** Thrown as the reason of `io.signal`, and by work that it stopped before there was anything to keep. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted, nothing was lost");
    this.name = "Interrupted";
  }
}

/** An error as the command line shows it. */
export interface Failure {
  readonly code: number;
  /** One line, or two with a hint; no final line break. */
  readonly text: string;
}

/**
 * Describes an error in the house form, with the command as the call that failed.
 *
 * @param error - What was thrown.
 * @param command - Under way when it happened; null if there was none.
 */
export function describeFailure(error: unknown, command: Command | null): Failure {
  // Releasing resources failed after something else had: what came first is what matters.
  if (error instanceof SuppressedError) return describeFailure(error.suppressed, command);
  const call = command === null ? "cameo" : `cameo ${command.name}`;
  if (error instanceof Interrupted) return { code: exitCodes.interrupted, text: `${call}: ${error.message}` };
  const message = asFlags(messageOf(error), command);
  if (isCameoError(error)) {
    const code = error.code === "usage" ? exitCodes.usage : exitCodes.failed;
    // The inner call says more than the command where it names an operator or the engine.
    const isInnerName =
      ["shape", "graph", "unsupported-op", "runtime"].includes(error.code) && !message.startsWith(`${command?.name}: `);
    return { code, text: lines(isInnerName ? `${call}: ${message}` : underName(call, message)) };
  }
  if ((error instanceof RangeError || error instanceof TypeError) && isHouseForm(message))
    return { code: exitCodes.usage, text: lines(underName(call, message)) };
  if (isSystemError(error)) {
    const way = isFullDisk(error)
      ? ", the disk is full\nhint: make room and try again; a run goes on with --resume"
      : "";
    return { code: exitCodes.failed, text: lines(`${call}: cannot go on: ${message}${way || ", the system refused"}`) };
  }
  if (error instanceof RangeError && outOfMemory.test(message)) {
    const way = "there is not enough memory\nhint: use a smaller model, batch or context";
    return { code: exitCodes.failed, text: lines(`${call}: cannot go on: ${message}`, way) };
  }
  const kind = error instanceof Error ? `${error.name}: ` : "";
  const apology = "this is a fault of Cameo\nhint: --verbose prints the stack; please report it";
  return { code: exitCodes.failed, text: lines(`${call}: cannot go on: ${kind}${message}`, apology) };
}

const houseForm = /^[\w.$ -]+: (?=cannot )/;

function isHouseForm(message: string): boolean {
  return houseForm.test(message);
}

/** Puts the command in the place of the call that the library names. */
function underName(call: string, message: string): string {
  return isHouseForm(message) ? message.replace(houseForm, `${call}: `) : `${call}: ${message}`;
}

/** Options as the user typed them: `use "batchSize"` and `use topK` become `use --batch-size` and `use --top-k`. */
function asFlags(message: string, command: Command | null): string {
  if (!isHouseForm(message)) return message;
  return message.replace(/\buse "?([a-zA-Z][a-zA-Z0-9]*)"?(?=:)/, (whole, key: string) => {
    const name = kebab(key);
    return command?.flags.some((flag) => flag.name === name) === true ? `use --${name}` : whole;
  });
}

/** `batchSize` as a flag's name: `batch-size`. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** V8's words for memory that cannot be had. */
const outOfMemory = /^(array buffer allocation failed|invalid (array buffer|typed array) length)/i;

function isFullDisk(error: Error): boolean {
  return "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** One line, and one more for the hint, whatever the parts hold. */
function lines(...parts: string[]): string {
  const [line = "", ...hints] = parts.join(", ").split(/\nhint: /);
  const flat = (text: string): string => text.trim().replace(/\s*[\r\n]+\s*/g, " ");
  return [flat(line), ...(hints.length === 0 ? [] : [`hint: ${hints.map(flat).join("; ")}`])].join("\n");
}
