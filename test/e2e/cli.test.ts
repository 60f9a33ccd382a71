/** The command line as users run it: a process of its own, with signals, pipes and a fresh clone's text. */

import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { jsonLines, type Outcome, spawnCameo, temporaryFolder, tinyText } from "../support/cli.ts";

const folder = temporaryFolder();
writeFileSync(join(folder, "text.txt"), tinyText());

/** A run that takes seconds unless it is stopped: small steps, many of them. */
const endless = ["train", "gpt", "--preset", "tiny", "--steps", "100000", "--json"];
const long = [...endless, "--data", "text.txt"];
/** A run that is over soon. */
const short = [
  ...endless,
  "--steps",
  "120",
  "--checkpoint-every",
  "10",
  "--evaluate-every",
  "60",
  "--sample-every",
  "0",
  "--threads",
  "1",
];
const shortText = [...short, "--data", "text.txt"];

const run = (words: readonly string[]): Promise<Outcome> => spawnCameo(words, folder).outcome;
const stateOf = (name: string, step: number): Buffer[] =>
  ["model.safetensors", "optimizer.safetensors"].map((file) =>
    readFileSync(join(folder, name, "checkpoints", `step-${step}`, file)),
  );

let unbroken: Promise<Outcome> | undefined;
/** The run that nobody stopped. */
const wholeRun = (): Promise<Outcome> => (unbroken ??= run([...shortText, "--out", "whole"]));

test("--json is nothing but JSON lines, the last with valLoss", async () => {
  const { code, stdout, stderr } = await wholeRun();
  expect([code, stderr]).toEqual([0, ""]);
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    type: "done",
    status: "completed",
    step: 120,
    valLoss: expect.any(Number),
  });
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s writes a checkpoint, says how to go on, and exits with 130",
  async (signal) => {
    const out = `stopped-${signal}`;
    const started = spawnCameo([...long, "--out", out], folder);
    await started.printed('"type":"step"');
    started.process.kill(signal);
    const { code, stdout, stderr } = await started.outcome;
    expect(code).toBe(130);
    const done = jsonLines(stdout).at(-1) as { type: string; status: string; step: number };
    expect(done).toMatchObject({ type: "done", status: "stopped" });
    expect(stderr).toBe(`continue with: npx cameo train --resume ${out}\n`);
    expect(existsSync(join(folder, out, "checkpoints", `step-${done.step}`, "state.json"))).toBe(true);
  },
);

test("a run interrupted and resumed equals the unbroken run bit for bit", async () => {
  await wholeRun();
  const started = spawnCameo([...shortText, "--out", "interrupted"], folder);
  await started.printed('"step":3,');
  started.process.kill("SIGINT");
  const stopped = await started.outcome;
  expect(stopped.code).toBe(130);
  const resumed = await run(["train", "--resume", "interrupted", "--json"]);
  expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
  expect(jsonLines(resumed.stdout)[0]).toMatchObject({ type: "start", steps: 120 });
  expect(stateOf("interrupted", 120)).toEqual(stateOf("whole", 120));
});

test("a run killed at any moment resumes to the unbroken run bit for bit", async () => {
  await wholeRun();
  for (const [i, moment] of [
    '"type":"start"',
    '"step":7,',
    '"type":"checkpoint","step":20',
    '"type":"evaluation","step":60',
  ].entries()) {
    const out = `killed-${i}`;
    const started = spawnCameo([...shortText, "--out", out], folder);
    await started.printed(moment);
    started.process.kill("SIGKILL");
    await started.outcome;
    const resumed = await run([...shortText, "--out", out, "--resume"]);
    expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
    expect(stateOf(out, 120)).toEqual(stateOf("whole", 120));
  }
});

test("a second Ctrl-C stops at once; one that npm passes on does not count", async () => {
  // An evaluation of seconds makes the first Ctrl-C wait.
  writeFileSync(join(folder, "more.txt"), tinyText(40_000));
  const slow = [
    "--data",
    "more.txt",
    "--validation-fraction",
    "0.9",
    "--evaluate-every",
    "1",
    "--evaluation-batches",
    "0",
    "--batch-size",
    "1",
  ];
  const started = spawnCameo([...endless, ...slow, "--out", "twice"], folder);
  await started.printed('"type":"step"');
  started.process.kill("SIGINT");
  started.process.kill("SIGINT");
  await wait(600);
  expect(started.process.exitCode).toBe(null);
  started.process.kill("SIGINT");
  const { code, stdout } = await started.outcome;
  expect(code).toBe(130);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "step", step: 1 });
});

test("a reader that leaves stops the run without a word", async () => {
  const started = spawnCameo([...long, "--out", "left"], folder);
  await started.printed('"type":"step"');
  started.process.stdout?.destroy();
  const [code] = await once(started.process, "exit");
  expect(code).toBe(130);
  expect(existsSync(join(folder, "left", "checkpoints"))).toBe(true);
});

test("text of any language, with emoji and mixed line ends, is learnt and written whole", async () => {
  const texts = join(folder, "texts");
  mkdirSync(texts);
  writeFileSync(join(texts, "中文.txt"), "天地玄黄，宇宙洪荒。\r\n日月盈昃，辰宿列张。\n".repeat(60));
  writeFileSync(join(texts, "emoji.md"), "👩‍👩‍👧 family\r🙂 smile\n🎉\r\n".repeat(60));
  writeFileSync(join(texts, "code.ts"), "export const naïve = (x: number): number => x ** 2;\n".repeat(60));
  for (const tokenizer of ["bpe", "character"]) {
    const words = [
      "--data",
      "texts",
      "--tokenizer",
      tokenizer,
      "--vocabulary",
      "400",
      "--steps",
      "30",
      "--out",
      tokenizer,
    ];
    const trained = await run([...short, ...words]);
    expect([trained.code, trained.stderr]).toEqual([0, ""]);
    const written = await run(["generate", `${tokenizer}/export/model.onnx`, "--prompt", "天地🙂", "--tokens", "80"]);
    expect([written.code, written.stderr]).toEqual([0, ""]);
    expect(written.stdout.startsWith("天地🙂")).toBe(true);
    expect(written.stdout.isWellFormed()).toBe(true);
  }
});

test("an error is one line on stderr, and its exit code says whose it is", async () => {
  expect(await run(["train", "gpt", "--data", "nope"])).toEqual({
    code: 1,
    stdout: "",
    stderr: 'cameo train: cannot read "nope": there is no such file or folder, must exist\n',
  });
  expect((await run(["train", "gpt", "--dta", "x"])).code).toBe(2);
  expect(existsSync(join(folder, "runs"))).toBe(false);
});

test("npm start's command learns from the text of every clone, exports, samples and closes with done", async () => {
  const { code, stdout, stderr } = await run(["start", "--steps", "2", "--out", "started", "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const events = jsonLines(stdout);
  expect(events[0]).toMatchObject({ type: "start", steps: 2 });
  expect(events.at(-2)).toMatchObject({ type: "sample", prompt: "interface " });
  expect(events.at(-1)).toMatchObject({ type: "done", status: "completed", valLoss: expect.any(Number) });
  expect(existsSync(join(folder, "started", "export", "model.onnx"))).toBe(true);
});
