import { once } from "node:events";
import { createWriteStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { spawnCameo, temporaryFolder } from "../../test/support/cli.ts";
import { RandomStream } from "../base/random.ts";

const folder = temporaryFolder();
const random = new RandomStream(1, "words");

test("a process that is killed goes on where it was, and finds the same", async () => {
  const file = join(folder, "texts.jsonl");
  const stream = createWriteStream(file);
  for (let row = 0; row < 300_000; row++) {
    const from = row % 9 === 0 ? 7 * (row % 1000) : 7 * row;
    const words = Array.from({ length: 24 }, (_, i) =>
      random
        .uint32(from + i)
        .toString(36)
        .replace(/\d/g, "q"),
    );
    const line = row % 1013 === 0 ? '{"text": "cut' : JSON.stringify({ text: words.join(" ") });
    if (!stream.write(`${line}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "close");
  const words = (certificate: string): string[] => [
    "data",
    "check",
    file,
    "--preset",
    "text",
    "--certificate",
    certificate,
    "--no-profile",
    "--workers",
    "2",
  ];
  const whole = await spawnCameo(words(join(folder, "whole")), folder).outcome;
  expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining("297 set aside")]);

  const killed = join(folder, "killed");
  const work = join(killed, "work");
  const child = spawnCameo(words(killed), folder);
  while (!existsSync(work) || !readdirSync(work).includes("shard-000001.bin"))
    await new Promise((resolve) => setTimeout(resolve, 5));
  child.process.kill("SIGKILL");
  await child.outcome;
  const shards = readdirSync(work).filter((name) => /^shard-\d+\.bin$/.test(name)).length;
  expect(shards).toBeLessThan(5);
  const resumed = await spawnCameo([...words(killed), "--resume"], folder).outcome;
  expect(resumed.code).toBe(0);
  const certificateOf = (name: string): object => {
    const { createdAt, seconds, ...rest } = JSON.parse(
      readFileSync(join(folder, name, "certificate.json"), "utf8"),
    ) as Record<string, unknown>;
    expect([typeof createdAt, typeof seconds]).toEqual(["string", "number"]);
    return rest;
  };
  expect(certificateOf("killed")).toEqual(certificateOf("whole"));
  const removed = (name: string): string => readFileSync(join(folder, name, "removed.jsonl"), "utf8");
  expect(removed("killed")).toBe(removed("whole"));
});
