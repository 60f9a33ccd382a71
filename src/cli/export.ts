/** `cameo export`: a run's model as a file that stock ONNX Runtime runs. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { exportGpt, readRun } from "../text/gpt-export.ts";
import { count, formatBytes, shellWord, shortPath } from "./_format.ts";
import { styleOf } from "./_style.ts";
import { type Command, exitCodes, jsonFlag, usageError } from "./command.ts";
import { tabular } from "./train.ts";

/** The command; `export` alone is a word of the language. */
export const exportCommand: Command = {
  name: "export",
  summary: "write a run's model as an .onnx file",
  usage: "<run> [--out FILE|DIR] [flags]",
  positionals: [1, 1],
  flags: [
    {
      name: "out",
      type: "string",
      placeholder: "FILE|DIR",
      description: "the .onnx file, or a folder; the run's export/ when absent",
    },
    { name: "format", type: "string", choices: ["onnx"], description: "kind of file", default: "onnx" },
    jsonFlag,
  ],
  examples: ["cameo export runs/gpt-1", "cameo export runs/gpt-1 --out model.onnx"],
  details: [
    `The file holds the weights of the newest checkpoint and takes the inputs that Hugging Face's decoders take: input_ids,
attention_mask, position_ids and past_key_values. tokenizer.json is written beside it.`,
  ],
  run: async (args, io) => {
    const [run = ""] = args.positionals;
    const { model, weights, tokenizer, step } = await readRun(run);
    const out = args.text("out") ?? join(run, "export");
    if (out === "") throw usageError("export", "use --out", 'got ""', "must name a file or a folder");
    const target = out.endsWith(".onnx") ? out : join(out, "model.onnx");
    const folder = dirname(target);
    if ((await stat(folder).catch(() => undefined))?.isDirectory() === false)
      throw usageError("export", `write "${target}"`, `"${folder}" is a file`, "must be a folder, or new");
    await mkdir(folder, { recursive: true });
    if ((await stat(target).catch(() => undefined))?.isDirectory())
      throw usageError("export", `write "${target}"`, "it is a folder", "must be a file, or new");
    const beside = join(folder, "tokenizer.json");
    const text = `${JSON.stringify(tokenizer.toJSON())}\n`;
    if (existsSync(beside) && (await readFile(beside, "utf8")) !== text)
      throw usageError(
        "export",
        `write "${beside}"`,
        "another tokenizer is there",
        "a model's tokenizer lies beside it",
        "choose another folder with --out",
      );
    // Both files are whole before either takes its place.
    const temporary = await mkdtemp(join(folder, ".export-"));
    let sizeBytes: number;
    try {
      const written = await exportGpt(temporary, model, weights, tokenizer);
      sizeBytes = written.sizeBytes;
      await rename(join(temporary, "tokenizer.json"), beside);
      await rename(written.path, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    if (args.isOn("json")) {
      io.stdout.write(`${JSON.stringify({ type: "export", path: target, sizeBytes, step })}\n`);
      return exitCodes.done;
    }
    const style = styleOf(io.stdout, io.env);
    const file = shortPath(target);
    const rows: [string, string][] = [
      [`npx cameo generate ${shellWord(file)} --prompt "..."`, "let it write"],
      [`npx cameo inspect ${shellWord(file)} --graph`, "see its nodes"],
      [`python -c "import onnxruntime; onnxruntime.InferenceSession('${basename(file)}')"`, "open it anywhere"],
    ];
    const lines = [
      `${style.green("exported")} ${file}, ${formatBytes(sizeBytes)}, as of step ${count(step)}; ${shortPath(beside)} beside it`,
      "",
      style.bold("How to run it"),
      ...tabular(rows, style),
    ];
    io.stdout.write(`${lines.join("\n")}\n`);
    return exitCodes.done;
  },
};
