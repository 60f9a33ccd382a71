/** A GPT as the bytes of an `.onnx` file: an inference model with a key–value cache that says which GPT it is. */

import { CodecError, explain, messageOf, UsageError } from "../base/errors.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { readOnnx } from "../graph/onnx/read.ts";
import { decoderGraph } from "./decoder-graph.ts";
import { type GptModel, type GptOptions, gpt } from "./gpt.ts";
import type { Weights } from "./live-generator.ts";
import { tokenizerFromJson } from "./tokenizer/from-json.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Keys in `metadata_props`: of the model's options, and of its tokenizer where it is in the file. */
const metadataKeys = { model: "cameo.gpt", tokenizer: "cameo.tokenizer" } as const;

/**
 * The bytes of `model.onnx`. The model has the inputs and outputs of Hugging Face's ONNX decoders (see `decoderGraph`), so what drives
 * those drives it, on stock ONNX Runtime.
 *
 * @param model - The model.
 * @param weights - Tensors by parameter path.
 * @param tokenizer - Goes into the file where one file must be enough; its `tokenizer.json` is then in `metadata_props`.
 */
export function gptModelFile(model: GptModel, weights: Weights, tokenizer: Tokenizer | null): Uint8Array {
  const { graph, dynamicShapes } = decoderGraph(model, weights);
  const own = { [metadataKeys.model]: JSON.stringify(model.config) };
  const embedded = tokenizer === null ? {} : { [metadataKeys.tokenizer]: JSON.stringify(tokenizer.toJSON()) };
  return writeOnnx(graph, { dynamicShapes, metadata: { ...own, ...embedded } });
}

/** What a file says of its GPT. */
export interface GptFileFacts {
  readonly sizes: Required<GptOptions>;
  /** Null where it is not in the file. */
  readonly tokenizer: Tokenizer | null;
}

/**
 * Reads what a file that {@link gptModelFile} made says of its GPT.
 *
 * @param bytes - The file.
 * @param source - What users call it.
 * @throws UsageError if it is not such a file; CodecError if it is damaged.
 */
export function readGptFacts(bytes: Uint8Array, source: string): GptFileFacts {
  const { metadata } = readOnnx(bytes);
  const config = metadata?.get(metadataKeys.model);
  if (config === undefined)
    throw new UsageError(
      explain({
        api: "generate",
        action: `open "${source}"`,
        received: "it was not exported by Cameo as a language model",
        rule: 'use a model from "cameo export"',
      }),
    );
  try {
    const embedded = metadata?.get(metadataKeys.tokenizer);
    return {
      sizes: gpt(JSON.parse(config) as GptOptions).config,
      tokenizer: embedded === undefined ? null : tokenizerFromJson(JSON.parse(embedded)),
    };
  } catch (cause) {
    throw new CodecError("onnx", `generate: cannot open "${source}": its metadata is damaged, ${messageOf(cause)}`, {
      cause,
    });
  }
}
