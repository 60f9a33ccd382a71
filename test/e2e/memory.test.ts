/** Training holds its memory: a thousand steps take no more than a hundred, and no session is made on the way. */

import { expect, test } from "vitest";
import { runNode, sourceUrl } from "../support/run-node.ts";

const script = `
  const { train } = await import(${JSON.stringify(sourceUrl("src/train/train.ts"))});
  const { gpt } = await import(${JSON.stringify(sourceUrl("src/text/gpt.ts"))});
  const { adamw, chain, clipByGlobalNorm } = await import(${JSON.stringify(sourceUrl("src/optim/index.ts"))});
  const { createCpuRuntime } = await import(${JSON.stringify(sourceUrl("src/runtime/cpu.ts"))});
  const runtime = await createCpuRuntime({ threads: 1 });
  const model = gpt({ layers: 2, heads: 2, width: 32, context: 16, vocabulary: 50, dropout: 0.1 });
  const batch = (index, batchSize) => {
    const draw = (salt) => Int32Array.from({ length: 16 * batchSize }, (_, i) => (i * 7 + index * 13 + salt) % 50);
    return { tokens: draw(0), labels: draw(7) };
  };
  const data = { batch, evaluation: (_, index, batchSize) => (index < 1 ? batch(index, batchSize) : null), fingerprint: "" };
  const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }));
  const resident = () => { gc(); return process.memoryUsage.rss(); };
  const sizes = [];
  let sessions;
  const run = train({ model, data, optimizer, batchSize: 4, accumulate: 2, steps: 1000, runtime, evaluation: { every: 1 } });
  for await (const event of run) {
    if (event.type === "evaluation" && event.step === 1) sessions = runtime.sessionsCreated;
    if (event.type === "step" && event.step % 100 === 0) sizes.push(resident());
  }
  console.log(JSON.stringify({ sizes, sessions, sessionsAtEnd: runtime.sessionsCreated }));`;

test("a thousand steps with evaluation and accumulation", { timeout: 120_000 }, async () => {
  const { stdout, stderr, code } = await runNode(script, { flags: ["--expose-gc"], timeoutMs: 110_000 });
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  const { sizes, sessions, sessionsAtEnd } = JSON.parse(stdout) as {
    sizes: number[];
    sessions: number;
    sessionsAtEnd: number;
  };
  expect(sizes).toHaveLength(10);
  // A leak grows with every step; the smallest of the last three leaves out pages the collector has yet to give back.
  const [first, ...rest] = sizes as [number, ...number[]];
  expect(Math.min(...rest.slice(-3)) / first).toBeLessThan(1.03);
  expect(sessionsAtEnd).toBe(sessions);
});
