/** Which samples a run has used so far, as a hash; and the refusal to go on with others. */

import { CheckpointError, explain } from "../base/errors.ts";
import { addOrderHashes, formatOrderHash } from "../data/stream/order-hash.ts";
import type { StreamState } from "./checkpoint-state.ts";
import type { Checkpoint } from "./checkpoint-store.ts";
import type { Batch, DatasetOrder } from "./model.ts";

/** Steps after which batches of another size have shown it, even where epochs are long. */
const manySteps = 2 ** 24;

/** Follows the order of a data set through a run. */
export class OrderTrail {
  readonly #order: DatasetOrder;
  readonly #batchSize: number;
  readonly #accumulate: number;
  #hash = 0n;

  /**
   * @param order - Of the data set.
   * @param batchSize - Samples per batch.
   * @param accumulate - Batches per step.
   */
  constructor(order: DatasetOrder, batchSize: number, accumulate: number) {
    this.#order = order;
    this.#batchSize = batchSize;
    this.#accumulate = accumulate;
  }

  /** Order hash of the samples so far. */
  get orderHash(): string {
    return formatOrderHash(this.#hash);
  }

  /**
   * Adds the batches of a step.
   *
   * @throws TypeError for a batch that the data set did not make.
   */
  add(batches: readonly Batch[]): void {
    for (const batch of batches) {
      const hash = this.#order.hashOf(batch);
      if (hash === undefined)
        throw new TypeError(
          explain({
            api: "train",
            action: "follow the order of samples",
            received: "the data set does not know a batch of its own",
            rule: "a data set that wraps another passes its batches on as they are, or has no order",
          }),
        );
      this.#hash = addOrderHashes(this.#hash, hash);
    }
  }

  /** What a checkpoint says after `step` steps. */
  save(step: number): StreamState {
    const { specHash, seed } = this.#order;
    return { specHash, seed, ...this.#at(step), later: this.#at(step + manySteps), orderHash: this.orderHash };
  }

  /**
   * Takes up the trail of a checkpoint.
   *
   * @throws CheckpointError if the run would go on with other samples than it would have had.
   */
  restore({ path, state }: Checkpoint): void {
    const { stream, step } = state;
    if (stream === undefined) return; // written by a data set without an order: its fingerprint tells
    const { specHash, seed } = this.#order;
    const refuse = (received: string, rule: string, hint: string): CheckpointError =>
      new CheckpointError(explain({ api: "checkpoint", action: `resume from "${path}"`, received, rule, hint }));
    const again = "resume with the data and settings of the run, or start a new run";
    if (stream.specHash !== specHash)
      throw refuse("the stream of samples is another one", `its spec hash was ${stream.specHash.slice(0, 12)}`, again);
    if (stream.seed !== seed) throw refuse(`the stream has seed ${seed}`, `it had ${stream.seed}`, again);
    const { epoch, position } = this.#at(step);
    if (stream.epoch !== epoch || stream.position !== position)
      throw refuse(
        `step ${step} is at sample ${position} of epoch ${epoch}`,
        `it was at sample ${stream.position} of epoch ${stream.epoch}`,
        "keep the product of batch size, accumulation and ranks",
      );
    const later = this.#at(step + manySteps);
    if (stream.later.epoch !== later.epoch || stream.later.position !== later.position)
      throw refuse(
        "batches are of another size",
        "the ends of epochs would leave out or repeat other samples",
        "keep batch size, accumulation and ranks, where epochs do not wrap",
      );
    this.#hash = BigInt(`0x${stream.orderHash}`);
  }

  #at(step: number): { readonly epoch: number; readonly position: number } {
    return this.#order.positionOf(step * this.#accumulate, this.#batchSize);
  }
}
