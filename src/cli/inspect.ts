/** `cameo inspect`: says what a file or folder is and what is in it. */

import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { DataError, explain } from "../base/errors.ts";
import { type Finding, findingText } from "./_finding.ts";
import { inspectSafetensors, inspectText, inspectTokenizer } from "./_inspect-files.ts";
import { inspectOnnx } from "./_inspect-onnx.ts";
import { inspectCheckpoint, inspectRun, inspectRuns } from "./_inspect-run.ts";
import { isRun, listRuns } from "./_run-folders.ts";
import { styleOf } from "./_style.ts";
import { type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

/** The command. */
export const inspect: Command = {
  name: "inspect",
  summary: "say what a run, model, tensor file, tokenizer or text holds",
  usage: "<run|checkpoint|file|folder> [flags]",
  positionals: [1, 1],
  flags: [{ name: "graph", type: "boolean", description: "of an .onnx file, also list every node" }, jsonFlag],
  examples: [
    "cameo inspect runs",
    "cameo inspect runs/gpt-1",
    "cameo inspect runs/gpt-1/export/model.onnx --graph",
    "cameo inspect my-texts/",
  ],
  details: [
    `Knows runs, folders of runs, checkpoints, .onnx, .safetensors, tokenizer.json, and text files and folders. What is damaged
is said in one line, with exit code 1.`,
  ],
  run: async (args, io) => {
    const [path = ""] = args.positionals;
    const finding = await inspectPath(path, args.isOn("graph"));
    if (args.isOn("json")) io.stdout.write(`${JSON.stringify({ type: "inspection", ...finding.facts })}\n`);
    else io.stdout.write(findingText(finding, styleOf(io.stdout, io.env)));
    return exitCodes.done;
  },
};

async function inspectPath(path: string, graph: boolean): Promise<Finding> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const received = cause.code === "ENOENT" ? "there is no such file or folder" : cause.message;
    throw new DataError(explain({ api: "inspect", action: `read "${path}"`, received, rule: "must exist" }), {
      source: path,
      cause,
    });
  });
  const kind = info.isDirectory() ? await kindOfFolder(path) : await kindOfFile(path);
  if (graph && kind !== "onnx")
    throw usageError("inspect", "use --graph", `"${path}" is of kind ${kind}`, "only an .onnx file has nodes");
  switch (kind) {
    case "run":
      return inspectRun(path);
    case "runs":
      return inspectRuns(path);
    case "checkpoint":
      return inspectCheckpoint(path);
    case "onnx":
      return inspectOnnx(path, graph);
    case "safetensors":
      return inspectSafetensors(path);
    case "tokenizer":
      return inspectTokenizer(path);
    case "text":
      return inspectText(path);
  }
}

type Kind = "run" | "runs" | "checkpoint" | "onnx" | "safetensors" | "tokenizer" | "text";

async function kindOfFolder(path: string): Promise<Kind> {
  if (isRun(path)) return "run";
  if (existsSync(join(path, "state.json")) || /^step-\d+$/.test(basename(path))) return "checkpoint";
  return (await listRuns(path)).length > 0 ? "runs" : "text";
}

async function kindOfFile(path: string): Promise<Kind> {
  const extension = extname(path).toLowerCase();
  if (extension === ".onnx") return "onnx";
  if (extension === ".safetensors") return "safetensors";
  if (basename(path) === "tokenizer.json") return "tokenizer";
  if (extension !== ".json") return "text";
  try {
    const json = JSON.parse(await readFile(path, "utf8")) as { model?: { vocab?: unknown } } | null;
    return json?.model?.vocab === undefined ? "text" : "tokenizer";
  } catch {
    return "text";
  }
}
