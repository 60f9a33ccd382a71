/** `cameo generate`: lets a language model write. */

import { once } from "node:events";
import { availableParallelism } from "node:os";
import { messageOf } from "../base/errors.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { generateTokens } from "../text/generate.ts";
import { openGenerator } from "../text/gpt-export.ts";
import type { Generator } from "../text/live-generator.ts";
import { documentSeparator } from "../text/token-dataset.ts";
import { printable } from "./_event-text.ts";
import { compact, count } from "./_format.ts";
import { styleOf } from "./_style.ts";
import { type Arguments, type Command, exitCodes, type Io, jsonFlag, usageError } from "./command.ts";

/** The command. */
export const generate: Command = {
  name: "generate",
  summary: "let a language model continue a text",
  usage: "<run|model.onnx> [--prompt TEXT] [flags]",
  positionals: [1, 1],
  flags: [
    {
      name: "prompt",
      type: "string",
      description: "text to continue; - reads it from stdin; a line break when absent",
    },
    { name: "tokens", type: "number", description: "tokens to write", default: 256 },
    {
      name: "temperature",
      type: "number",
      description: "below 1 safer, above 1 wilder; 0 takes the likeliest token",
      default: 0.8,
    },
    { name: "top-k", type: "number", description: "draw from the k likeliest tokens only", default: 200 },
    { name: "top-p", type: "number", description: "draw from the likeliest tokens with this share in all", default: 1 },
    {
      name: "seed",
      type: "number",
      description: "decides every draw: the same seed writes the same text",
      default: 1337,
    },
    { name: "stop", type: "boolean", description: "stop where the model ends a document", default: true },
    { name: "threads", type: "number", description: "threads of the engine; 0 for all cores", default: 0 },
    jsonFlag,
  ],
  examples: [
    'cameo generate runs/gpt-1 --prompt "Once upon a time"',
    "cameo generate runs/gpt-1/export/model.onnx --tokens 1000 --temperature 1",
    "cat chapter.txt | cameo generate runs/gpt-1 --prompt - --json",
  ],
  details: [
    `The prompt is printed first, then what the model writes, as it writes it. With --json it is one object at the end:
{"type":"generation","prompt":…,"text":…,"tokens":…,"tokensPerSecond":…}, where text does not repeat the prompt.`,
  ],
  stops: "gracefully",
  run: async (args, io) => {
    const prompt = args.text("prompt") === "-" ? await readAll(io) : (args.text("prompt") ?? "");
    const threads = args.number("threads") as number;
    await using runtime = await createCpuRuntime({ threads: threads === 0 ? availableParallelism() : threads });
    await using generator = await openGenerator(runtime, args.positionals[0] as string);
    const isJson = args.isOn("json");
    const { text, tokens, seconds } = await write(generator, prompt, args, io.signal, async (piece) => {
      if (!isJson) await print(io, piece);
    });
    const tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
    if (isJson) io.stdout.write(`${JSON.stringify({ type: "generation", prompt, text, tokens, tokensPerSecond })}\n`);
    else io.stdout.write(text.endsWith("\n") ? "" : "\n");
    const style = styleOf(io.stderr, io.env);
    if (style.isLive && !isJson)
      io.stderr.write(`${style.dim(`${count(tokens)} tokens, ${compact(tokensPerSecond)} tokens/s`)}\n`);
    return io.signal.aborted ? exitCodes.interrupted : exitCodes.done;
  },
};

async function write(
  generator: Generator,
  prompt: string,
  args: Arguments,
  signal: AbortSignal,
  onText: (piece: string) => Promise<void>,
): Promise<{ text: string; tokens: number; seconds: number }> {
  const { tokenizer } = generator;
  const ids = encodePrompt(generator, prompt);
  const options = {
    tokens: args.number("tokens") as number,
    temperature: args.number("temperature") as number,
    topK: args.number("top-k") as number,
    topP: args.number("top-p") as number,
    seed: args.number("seed") as number,
    signal,
  };
  const end = args.isOn("stop") ? tokenizer.specialTokens.get(documentSeparator) : undefined;
  const decoder = tokenizer.decodeStream();
  const begun = performance.now();
  let text = "";
  let tokens = 0;
  const take = async (piece: string): Promise<void> => {
    text += piece;
    if (piece !== "") await onText(piece);
  };
  for await (const id of generateTokens(await generator.start(), generator.sizes, ids, options)) {
    if (tokens === 0) await onText(prompt);
    tokens++;
    if (id === end) break;
    await take(decoder.push(id));
  }
  await take(decoder.end());
  return { text, tokens, seconds: (performance.now() - begun) / 1000 };
}

/** The prompt's tokens; without a prompt a line break, as if a line began. */
function encodePrompt({ tokenizer }: Generator, prompt: string): number[] {
  try {
    const ids = [...tokenizer.encode(prompt === "" ? "\n" : prompt)];
    if (ids.length > 0) return ids;
  } catch (cause) {
    if (prompt !== "") {
      const received = messageOf(cause)
        .replace(/^[\w.]+: cannot encode /, "")
        .replace(/: it is not [\s\S]*/, "");
      throw usageError(
        "generate",
        "continue the prompt",
        received,
        "the model only knows characters of its training text",
        "leave it out, or train on text that has it, or with --tokenizer bpe",
        cause,
      );
    }
  }
  return [0];
}

/** Writes to stdout at the reader's pace. A terminal gets no control characters. */
async function print(io: Io, text: string): Promise<void> {
  const { stdout } = io;
  const flowing = stdout.write(stdout.isTTY === true ? printable(text) : text);
  if (flowing === false && "once" in stdout && !io.signal.aborted)
    await once(stdout as unknown as NodeJS.EventEmitter, "drain", { signal: io.signal }).catch(() => {});
}

async function readAll(io: Io): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const bytes of io.stdin) text += decoder.decode(bytes, { stream: true });
    text += decoder.decode();
  } catch (cause) {
    throw usageError("generate", "use --prompt -", "stdin is no UTF-8 text", "a prompt is text", undefined, cause);
  }
  // The line end with which a shell ends every output is not part of the prompt.
  return text.replace(/\r?\n$/, "");
}
