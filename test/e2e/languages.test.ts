/** Text in any language goes through a whole run and comes out as well-formed text. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/base/events.ts";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openGenerator } from "../../src/text/gpt-export.ts";
import { startGptRun } from "../../src/text/gpt-run.ts";
import { continueText } from "../../src/text/live-generator.ts";

const text =
  "床前明月光，疑是地上霜。\r\n举头望明月，低头思故乡。\r\n👩‍👩‍👧‍👦 😀🏳️‍🌈 naïve Ünïcödé\rкот и пёс\nשלום\tעולם\n𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ـ مرحبا\n".repeat(
    20,
  );

let runtime: Runtime;
let root: string;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-languages-"));
  await writeFile(join(root, "text.txt"), `\uFEFF${text}`); // with a byte order mark, as some editors write
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

/** Throws unless text survives UTF-8: no half of a surrogate pair stands alone. */
function expectWellFormed(written: string): void {
  expect(written.isWellFormed()).toBe(true);
  expect(new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(written))).toBe(
    written.replace(/^\uFEFF/, ""),
  );
}

describe.each(["character", "bpe"] as const)("with %s tokens", (tokenizer) => {
  test("a run trains, samples and generates well-formed text", async () => {
    const out = join(root, tokenizer);
    const run = await startGptRun(
      {
        data: [join(root, "text.txt")],
        tokenizer,
        vocabulary: 320,
        ...{ layers: 1, heads: 2, width: 16, context: 16, batchSize: 4, steps: 12, warmupSteps: 2 },
        ...{
          evaluateEvery: 12,
          checkpointEvery: 12,
          sampleEvery: 4,
          sampleTokens: 60,
          samplePrompt: "明月",
          threads: 1,
        },
      },
      { out },
    );
    const events: RunEvent[] = [];
    for await (const event of run) events.push(event);
    const samples = events.filter((event) => event.type === "sample");
    expect(samples.map(({ step, prompt }) => [step, prompt])).toEqual([4, 8, 12].map((step) => [step, "明月"]));
    for (const sample of samples) {
      expect(sample.text.length).toBeGreaterThan(10);
      expectWellFormed(sample.text);
    }
    const logged = await readFile(join(out, "events.jsonl"), "utf8");
    expect(
      logged
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(JSON.parse(JSON.stringify(events)));

    await using generator = await openGenerator(runtime, join(out, "export", "model.onnx"));
    expect(generator.tokenizer.decode(generator.tokenizer.encode(text))).toBe(text);
    for (const prompt of ["", "低头", "👩‍👩‍👧‍👦", "\r\n", "not in the text: 鰻 \u{1F9FF}", "\ud83d"])
      for (const seed of [1, 2])
        expectWellFormed(await continueText(generator, prompt, { tokens: 40, seed, temperature: 1.5 }));
  });
});
