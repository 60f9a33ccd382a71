import { afterAll, beforeAll, expect, test } from "vitest";
import { randomWeights, smallGpt } from "../../test/support/gpts.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { type DeviceBuffer, type Runtime, viewOf } from "../runtime/runtime.ts";
import { continueText, liveGenerator, liveWeights } from "./live-generator.ts";
import { trainCharacter } from "./tokenizer/character.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
});
afterAll(() => runtime[Symbol.asyncDispose]());

test("weights are taken once for each text, however long it is", async () => {
  const tokenizer = await trainCharacter(["abcdefghijklm"]);
  const model = smallGpt({ vocabulary: tokenizer.size });
  const weights = randomWeights(model);
  let taken = 0;
  await using generator = await liveGenerator(
    runtime,
    model,
    () => {
      taken++;
      return weights;
    },
    tokenizer,
  );
  expect(taken).toBe(0);
  for (const text of [1, 2]) {
    expect([...(await continueText(generator, "abc", { tokens: 20 }))]).toHaveLength(20);
    expect(taken).toBe(text);
  }
});

test("weights are read where the host does not see them", async () => {
  const seen = runtime.createBuffer("float32", 6);
  await seen.write(Float32Array.of(1, 2, 3, 4, 5, 6));
  const unseen: DeviceBuffer = { ...seen, host: null };
  for (const buffer of [seen, unseen]) {
    const parameters = new Map([["w", { shape: [2, 2], view: viewOf(buffer, [2, 2], 1) }]]);
    const weights = await liveWeights({ parameters });
    expect(weights.get("w")).toMatchObject({ dtype: "float32", shape: [2, 2], data: Float32Array.of(2, 3, 4, 5) });
    await seen.write(Float32Array.of(9), 1);
    // Over the live memory in the first case, as they were in the second.
    expect(Number(weights.get("w")?.data[0])).toBe(buffer === seen ? 9 : 2);
    await seen.write(Float32Array.of(2), 1);
  }
});
