/** Inspects single files that are no model graph: tensors, tokenizers, text. */

import { stat } from "node:fs/promises";
import { findTextFiles, readText } from "../data/files.ts";
import { readSafetensorsHeader } from "../tensor/safetensors.ts";
import type { SafetensorsHeader } from "../tensor/safetensors-format.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { loadTokenizer } from "../text/tokenizer/load.ts";
import { columns, type Finding, listRows, oneLine } from "./_finding.ts";
import { compact, count, counted, formatBytes } from "./_format.ts";

/** Most rows of a list that people get; programs get all. */
const mostTensors = 200;

/** Elements and bytes of a file's tensors. */
export function totals({ entries }: SafetensorsHeader): { tensors: number; elements: number; sizeBytes: number } {
  let elements = 0;
  let sizeBytes = 0;
  for (const entry of entries.values()) {
    elements += sizeOf(entry.shape);
    sizeBytes += entry.sizeBytes;
  }
  return { tensors: entries.size, elements, sizeBytes };
}

/** A `.safetensors` file: its header is read and checked, its tensors are not loaded. */
export async function inspectSafetensors(path: string): Promise<Finding> {
  const header = await readSafetensorsHeader(path);
  const { size } = await stat(path);
  const { tensors, elements } = totals(header);
  const metadata = Object.entries(header.metadata ?? {}).map(([key, value]): [string, string] => [key, String(value)]);
  const entries = [...header.entries].map(([name, { dtype, shape, sizeBytes }]) => ({ name, dtype, shape, sizeBytes }));
  const table = entries
    .slice(0, mostTensors)
    .map(({ name, dtype, shape, sizeBytes }) => [name, dtype, formatShape(shape), formatBytes(sizeBytes)]);
  return {
    facts: {
      kind: "safetensors",
      path,
      sizeBytes: size,
      elements,
      metadata: Object.fromEntries(metadata),
      tensors: entries,
    },
    rows: [
      ["size", formatBytes(size)],
      ["tensors", `${count(tensors)}, ${compact(elements)} numbers in all`],
      ...listRows(
        "metadata",
        metadata.map(([key, value]) => `${key}: ${oneLine(value)}`),
        20,
      ),
    ],
    listing: [
      ...columns(table).map((line) => `  ${line}`),
      ...(tensors > mostTensors ? [`  and ${tensors - mostTensors} more`] : []),
    ],
  };
}

/** A `tokenizer.json`. */
export async function inspectTokenizer(path: string): Promise<Finding> {
  const tokenizer = await loadTokenizer(path);
  const { model } = tokenizer.toJSON();
  const specialTokens = Object.fromEntries(tokenizer.specialTokens);
  const special = Object.entries(specialTokens).map(([token, id]) => `${JSON.stringify(token)} ${id}`);
  const isBpe = tokenizer.kind === "bpe";
  const example = "Hello, world! 你好 🙂";
  const pieces = (text: string): string =>
    [...tokenizer.encode(text)].map((id) => JSON.stringify(tokenizer.decode([id]))).join(" ");
  return {
    facts: {
      kind: "tokenizer",
      path,
      tokenizer: tokenizer.kind,
      tokens: tokenizer.size,
      merges: model.merges.length,
      specialTokens,
    },
    rows: [
      ["type", isBpe ? "byte pairs" : "one token a character"],
      ["tokens", count(tokenizer.size)],
      ...(isBpe ? ([["merges", count(model.merges.length)]] as const) : []),
      ...listRows("special", special, 10),
      isBpe ? ["example", pieces(example)] : ["knows", oneLine(JSON.stringify(Object.keys(model.vocab).join("")), 200)],
    ],
  };
}

/** A text file, or all text in a folder. */
export async function inspectText(path: string): Promise<Finding> {
  const { files, skipped } = await findTextFiles(path);
  const seen = new Set<number>();
  let characters = 0;
  let lines = 0;
  let windowsLines = 0;
  let last = "\n";
  for (const file of files) {
    last = "\n";
    for await (const text of readText([file])) {
      for (let i = 0; i < text.length; i++) {
        const point = text.codePointAt(i) as number;
        if (point > 0xffff) i++;
        characters++;
        seen.add(point);
        if (point !== 10) continue;
        lines++;
        if ((i > 0 ? text[i - 1] : last) === "\r") windowsLines++;
      }
      last = text.at(-1) ?? last;
    }
    if (last !== "\n") lines++;
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const ends =
    windowsLines === 0 ? "" : windowsLines === lines ? ", ends CR LF" : `, ${count(windowsLines)} of them with CR LF`;
  return {
    facts: {
      kind: "text",
      path,
      files: files.length,
      sizeBytes,
      characters,
      differentCharacters: seen.size,
      lines,
      skipped,
    },
    rows: [
      ["files", count(files.length)],
      ["size", formatBytes(sizeBytes)],
      ["text", `${counted(characters, "character")}, ${count(seen.size)} different`],
      ["lines", `${count(lines)}${ends}`],
      ...listRows(
        "left out",
        skipped.map((file) => `${file.path}: ${file.reason}`),
        5,
      ),
    ],
  };
}
