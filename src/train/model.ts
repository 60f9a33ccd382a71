/** What the trainer asks of a model and of a data set. */

import type { Signature, Value } from "../graph/graph.ts";
import type { ParameterTree, Scope } from "../nn/layer.ts";
import type { TypedArray } from "../tensor/dtype.ts";

/** Host arrays of one batch, by the names of the model's inputs. */
export type Batch = Readonly<Record<string, TypedArray>>;

/** A model that can be trained: parameters, the inputs of a batch, and a loss. */
export interface Model {
  /** `"gpt"`: the name of the kind, for recipes and file headers. */
  readonly name: string;
  /** Everything needed to make the same model again; plain JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: ParameterTree;
  /** dtype and shape of each input for a batch of this many samples. */
  inputs(batchSize: number): Readonly<Record<string, Signature>>;
  /** Tokens (or samples) in a batch of this many samples: for throughput. */
  tokens(batchSize: number): number;
  /**
   * The segment (a block, usually) of a node by its name, or `null`: what is computed again in the backward pass when a run is asked to
   * save memory. Node names begin with the path of their layer: `"blocks.0.mlp.up/Gemm_0"`.
   */
  segmentOf?(nodeName: string): string | null;
  /** Builds the mean loss of a batch, a float32 scalar [nats]. */
  loss(scope: Scope, inputs: Readonly<Record<string, Value>>): Value;
}

/** Batches as a pure function of the step: nothing to rewind, nothing to save. */
export interface Dataset {
  /** Training batch number `index`; the same index gives the same batch. */
  batch(index: number, batchSize: number): Batch | Promise<Batch>;
  /** Evaluation batch `index` of a split, or `null` when the split has no more. */
  evaluation(split: "train" | "validation", index: number, batchSize: number): Batch | null | Promise<Batch | null>;
  /** What identifies the data: stored with checkpoints and compared on resume. */
  readonly fingerprint: string;
  /** The order of samples, where the data set can tell it: told in events, stored with checkpoints, and a resumed run must have the same. */
  readonly order?: DatasetOrder;
}

/** The order in which a data set delivers its samples; that of `streamDataset` of cameo/data/stream is one. */
export interface DatasetOrder {
  /** Identifies the data and how batches are made of it. */
  readonly specHash: string;
  readonly seed: number;
  /** Where training batch number `batch` begins: the epoch, and how many of its samples came before. */
  positionOf(batch: number, batchSize: number): { readonly epoch: number; readonly position: number };
  /** 64-bit hash of which samples are in a batch that was delivered, and where; those of several batches are added modulo 2^64. */
  hashOf(batch: object): bigint | undefined;
}
