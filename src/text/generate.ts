/** Writes text with a decoder, token by token, with cached keys and values. */

import { explain } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { checkSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

/** Runs a decoder graph once: tensors in by name, tensors out by name. */
export type DecoderCall = (
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
) => Promise<Record<string, Tensor>>;

/** Sizes of a decoder that its driver must know. */
export interface DecoderSizes {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Most tokens that the model sees at once. */
  readonly context: number;
  readonly vocabulary: number;
}

/** Options of {@link generateTokens}. */
export interface GenerateOptions extends SamplingOptions {
  /** Tokens to write. */
  readonly tokens: number;
  /**
   * Decides every draw: the same seed, prompt and model write the same text.
   * @defaultValue 0
   */
  readonly seed?: number;
  /** A token after which writing ends. */
  readonly stop?: number;
  /** Ends the writing after the token under way. */
  readonly signal?: AbortSignal;
}

/** Share of the context that is kept when it is full: the rest makes room before keys are computed anew. */
const keptShare = 0.75;

/**
 * Continues a prompt.
 *
 * Keys and values of earlier tokens are cached. When the context is full, its newest three quarters become the new prompt.
 *
 * @param call - Runs the decoder; see `decoderGraph`.
 * @param sizes - Sizes of the model.
 * @param prompt - Token ids to continue; at least one.
 * @param options - See {@link GenerateOptions}.
 * @returns Token ids as they are drawn.
 * @throws RangeError for an empty prompt, an id outside the vocabulary, or an option out of range.
 */
export async function* generateTokens(
  call: DecoderCall,
  sizes: DecoderSizes,
  prompt: readonly number[],
  options: GenerateOptions,
): AsyncGenerator<number, void, undefined> {
  const refuse = (action: string, received: string, rule: string): never => {
    throw new RangeError(explain({ api: "generate", action, received, rule }));
  };
  checkSampling(options);
  if (prompt.length === 0) refuse("continue the prompt", "it is empty", "it must hold at least one token");
  if (!Number.isInteger(options.tokens) || options.tokens < 1)
    refuse("use tokens", `got ${options.tokens}`, "must be a positive integer");
  const unknown = prompt.find((id) => !(Number.isInteger(id) && id >= 0 && id < sizes.vocabulary));
  if (unknown !== undefined)
    refuse("continue the prompt", `got token ${unknown}`, `the model knows ${sizes.vocabulary} tokens`);

  const draws = new RandomStream(options.seed ?? 0, "generate");
  const history = [...prompt];
  let cache = emptyCache(sizes);
  let cached = 0;
  let fresh = history.slice(-sizes.context);
  for (let i = 0; i < options.tokens && options.signal?.aborted !== true; i++) {
    if (cached + fresh.length > sizes.context) {
      cache = emptyCache(sizes);
      cached = 0;
      fresh = history.slice(-Math.max(1, Math.floor(sizes.context * keptShare)));
    }
    const step = await decode(call, sizes, fresh, cache, cached);
    cache = step.cache;
    cached += fresh.length;
    const id = sampleToken(step.logits, draws.uniform(i), options);
    yield id;
    if (id === options.stop) return;
    history.push(id);
    fresh = [id];
  }
}

type Cache = Readonly<Record<string, Tensor>>;

function emptyCache({ layers, heads, width }: DecoderSizes): Cache {
  const names = Array.from({ length: layers }, (_, i) => [
    `past_key_values.${i}.key`,
    `past_key_values.${i}.value`,
  ]).flat();
  return Object.fromEntries(
    names.map((name) => [name, tensor("float32", [1, heads, 0, width / heads], new Float32Array(0))]),
  );
}

async function decode(
  call: DecoderCall,
  sizes: DecoderSizes,
  ids: readonly number[],
  cache: Cache,
  cached: number,
): Promise<{ logits: Float32Array; cache: Cache }> {
  const positions = ids.map((_, i) => cached + i);
  const total = cached + ids.length;
  const presents = Object.keys(cache).map((name) => name.replace("past_key_values", "present"));
  const results = await call(
    {
      input_ids: tensor("int64", [1, ids.length], ids),
      attention_mask: tensor("int64", [1, total], new BigInt64Array(total).fill(1n)),
      position_ids: tensor("int64", [1, ids.length], positions),
      ...cache,
    },
    ["logits", ...presents],
  );
  const logits = (results.logits as Tensor).data as Float32Array;
  return {
    logits: logits.subarray((ids.length - 1) * sizes.vocabulary),
    cache: Object.fromEntries(
      presents.map((name) => [name.replace("present", "past_key_values"), results[name] as Tensor]),
    ),
  };
}
