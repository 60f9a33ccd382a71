import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addOrderHashes, orderHash } from "./order-hash.ts";
import type { OrderSpec } from "./sample-order.ts";
import { type LastBatch, type PlannedSample, type StreamPlanOptions, streamPlan } from "./stream-plan.ts";

const order: fc.Arbitrary<OrderSpec> = fc.oneof(
  fc.constant({ kind: "sequential" } as const),
  fc.constant({ kind: "global" } as const),
  fc.record({ kind: fc.constant("blocks" as const), blockRows: fc.integer({ min: 1, max: 80 }) }),
);
const fileRows = fc
  .array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 })
  .filter((rows) => rows.some((count) => count > 0));
const source = fc.record({ fileRows, weight: fc.integer({ min: 1, max: 5 }) });
const last: fc.Arbitrary<LastBatch> = fc.constantFrom("wrap", "drop", "pad");

const run = fc
  .record({
    plan: fc.record(
      {
        sources: fc.array(source, { minLength: 1, maxLength: 3 }),
        order,
        seed: fc.nat(),
        last,
        epochSize: fc.integer({ min: 1, max: 300 }),
      },
      { requiredKeys: ["sources", "order", "seed", "last"] },
    ),
    ranks: fc.integer({ min: 1, max: 4 }),
    batchSize: fc.integer({ min: 1, max: 24 }),
    batches: fc.integer({ min: 1, max: 25 }),
    resume: fc.nat(),
  })
  .filter(({ plan, ranks, batchSize }) => plan.last !== "drop" || ranks * batchSize <= streamPlan(plan).epochSize);

/** Sample by sample, with no thought of batches: what a run must be, told the simple way. */
function reference(options: StreamPlanOptions, size: number, count: number): number[] {
  const { epochSize } = streamPlan(options);
  const numbers: number[] = [];
  for (let epoch = 0; numbers.length < count; epoch++) {
    const positions = Array.from({ length: epochSize }, (_, i) => i);
    const left = epochSize % size;
    if (options.last === "drop") positions.splice(epochSize - left);
    if (options.last === "pad" && left > 0) for (let i = left; i < size; i++) positions.push((i - left) % epochSize);
    numbers.push(...positions.map((position) => epoch * epochSize + position));
  }
  return numbers.slice(0, count);
}

const hashOf = (numbers: readonly number[], samples: readonly PlannedSample[]): bigint =>
  addOrderHashes(...samples.map(({ source, row }, i) => orderHash(numbers[i] as number, source, row)));

describe("for any sizes, orders, mixtures, ends of an epoch, batches, ranks and places to resume", () => {
  test("what the ranks get, side by side, is the sequence", () => {
    fc.assert(
      fc.property(run, ({ plan: options, ranks, batchSize, batches, resume }) => {
        const size = ranks * batchSize;
        const wanted = reference(options, size, size * batches);
        const whole = streamPlan(options);
        const samples = wanted.map((number) => whole.sampleAt(number));
        // Each rank has a plan of its own, and is replaced by another one at some batch.
        const place = resume % batches;
        const got: number[] = new Array(size * batches);
        const found: PlannedSample[] = new Array(size * batches);
        for (let rank = 0; rank < ranks; rank++)
          for (const [from, to] of [
            [0, place],
            [place, batches],
          ] as const) {
            const plan = streamPlan(options);
            for (let batch = from; batch < to; batch++)
              for (let i = 0; i < batchSize; i++) {
                const number = plan.numbersOf(batch, size).numbers[rank * batchSize + i] as number;
                got[batch * size + rank * batchSize + i] = number;
                found[batch * size + rank * batchSize + i] = plan.sampleAt(number);
              }
          }
        expect(got).toEqual(wanted);
        expect(found).toEqual(samples);
        expect(hashOf(got, found)).toBe(hashOf(wanted, samples));
        const { epoch, position } = whole.positionOf(place, size);
        expect(epoch * whole.epochSize + position).toBe(wanted[place * size]);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("no row of a source comes again before all of them came", () => {
    fc.assert(
      fc.property(run, ({ plan: options }) => {
        const plan = streamPlan(options);
        const seen = options.sources.map(() => new Map<number, Set<number>>());
        const rows = options.sources.map((each) => each.fileRows.reduce((sum, count) => sum + count, 0));
        for (let number = 0; number < 400; number++) {
          const { source, pass, row } = plan.sampleAt(number);
          const passes = seen[source] as Map<number, Set<number>>;
          const own = passes.get(pass) ?? new Set();
          passes.set(pass, own);
          expect(own.has(row)).toBe(false);
          expect(row).toBeLessThan(rows[source] as number);
          own.add(row);
          if (pass > 0) expect(passes.get(pass - 1)?.size).toBe(rows[source]);
        }
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  test("what stands in for a sample is of its epoch, whoever asks and when, and others follow", () => {
    fc.assert(
      fc.property(run, fc.nat({ max: 2000 }), ({ plan: options }, number) => {
        const plan = streamPlan(options);
        const epochOf = (n: number): number => Math.floor(n / plan.epochSize);
        const tries = Array.from({ length: 64 }, (_, attempt) => plan.substituteOf(number, attempt));
        expect(tries.map(epochOf)).toEqual(new Array(64).fill(epochOf(number)));
        expect(tries.map((_, attempt) => streamPlan(options).substituteOf(number, attempt))).toEqual(tries);
        if (plan.epochSize > 8) expect(new Set(tries).size).toBeGreaterThan(4);
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});

test("numbers beyond what a double counts exactly are refused, and a batch just before is whole", () => {
  const plan = streamPlan({ sources: [{ fileRows: [1000], weight: 1 }], order: { kind: "global" }, seed: 1 });
  const last = Math.floor((2 ** 53 - 1000) / 64) - 2;
  expect(new Set(plan.numbersOf(last, 64).numbers).size).toBe(64);
  expect(() => plan.numbersOf(last + 3, 64)).toThrow("samples are counted to 2^53");
});
