import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Schema } from "../table.ts";
import { balances, one, removedOf, text, textSchema } from "./_certificates.cases.ts";
import { memorySource } from "./_memory-source.cases.ts";
import type { Certificate } from "./certificate.ts";
import { checkData } from "./check-data.ts";
import type { CheckDataOptions } from "./check-options.ts";

const folder = mkdtempSync(join(tmpdir(), "cameo-check-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("stopped in any stage and resumed, a check finds what an unbroken one finds", async () => {
  const schema: Schema = [...textSchema, { name: "label", type: "int32", nullable: false }];
  const rows = Array.from({ length: 400 }, (_, i) => {
    // Rows with a fault also at the end of what is read at once, and so of a shard.
    if (i % 128 > 124 || i % 50 === 7) return { code: i % 2 === 0 ? "utf8" : "truncated", detail: "x" } as const;
    return { text: text(i % 170, 40) + (i % 3 === 0 ? " more" : ""), label: i % 4 };
  });
  const out = join(folder, "stages.jsonl");
  const removed = join(folder, "stages-removed.jsonl");
  const options: CheckDataOptions = {
    workers: 1,
    column: "text",
    shardRows: 64,
    filters: { gopherQuality: { minWords: 10, minStopWords: 0 } },
    splits: { train: 0.8, test: 0.2 },
    out,
    removed,
  };
  const results = (certificate: Certificate): unknown => {
    const { createdAt, seconds, ...rest } = certificate;
    return [rest, readFileSync(out, "utf8"), readFileSync(removed, "utf8")];
  };
  const whole = await checkData(memorySource(schema, rows), options);
  balances(whole);
  expect(whole.input.rows).toBe(400);
  const wanted = results(whole);
  const stages = ["hash", "scan", "exact-duplicates", "near-duplicates", "profile", "write"] as const;
  for (const wantedStage of stages)
    for (const times of [1, 4]) {
      const work = join(folder, `stage-${wantedStage}-${times}`);
      let seen = 0;
      const onProgress: CheckDataOptions["onProgress"] = ({ stage }) => {
        if (stage === wantedStage && ++seen === times) throw new Error(`stopped in ${stage}`);
      };
      const stopped = checkData(memorySource(schema, rows), { ...options, folder: work, onProgress });
      const reached = await stopped.then(
        () => false,
        (error: Error) => error.message === `stopped in ${wantedStage}`,
      );
      if (times === 1) expect(reached).toBe(true);
      const resumed = await checkData(memorySource(schema, rows), { ...options, folder: work, resume: true });
      expect(results(resumed), `${wantedStage} ${times}`).toEqual(wanted);
    }
});

test("where every table ends in rows with a fault, none is counted twice by a check that goes on", async () => {
  const rows = Array.from({ length: 300 }, (_, i) =>
    i % 20 > 16 ? ({ code: i % 2 === 0 ? "utf8" : "truncated", detail: "x" } as const) : { text: text(i, 10) },
  );
  const work = join(folder, "trailing");
  const options: CheckDataOptions = { ...one, folder: work, shardRows: 20, nearDuplicates: false };
  const stopped = checkData(memorySource(textSchema, rows), {
    ...options,
    onProgress: ({ stage, rows: done }) => {
      if (stage === "scan" && done > 150) throw new Error("stopped");
    },
  });
  await expect(stopped).rejects.toThrow("stopped");
  const certificate = await checkData(memorySource(textSchema, rows), { ...options, resume: true });
  balances(certificate);
  expect(certificate.input.rows).toBe(300);
  expect(certificate.rowsQuarantined).toBe(45);
  const places = certificate.faults.map(({ row }) => row);
  expect(new Set(places).size).toBe(places.length);
});

test("what duplicates found is not looked for again, and a half written result is not believed", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ text: text(i % 20, 40) }));
  const work = join(folder, "found");
  const stopAt = (wanted: string): CheckDataOptions => ({
    workers: 1,
    folder: work,
    onProgress: ({ stage }) => {
      if (stage === wanted) throw new Error(`stopped in ${stage}`);
    },
  });
  await expect(checkData(memorySource(textSchema, rows), stopAt("profile"))).rejects.toThrow("stopped in profile");
  expect(existsSync(join(work, "duplicates.bin"))).toBe(true);
  const stages: string[] = [];
  const again: CheckDataOptions = { workers: 1, folder: work, resume: true };
  await expect(
    checkData(memorySource(textSchema, rows), {
      ...again,
      onProgress: ({ stage }) => {
        stages.push(stage);
        if (stage === "profile") throw new Error("again");
      },
    }),
  ).rejects.toThrow("again");
  expect(stages).not.toContain("near-duplicates");
  // Half of it under its temporary name, as a kill leaves it, and one that was cut.
  const bytes = readFileSync(join(work, "duplicates.bin"));
  rmSync(join(work, "duplicates.bin"));
  writeFileSync(join(work, "duplicates.bin.tmp-1-00"), bytes.subarray(0, 50));
  const certificate = await checkData(memorySource(textSchema, rows), again);
  expect(removedOf(certificate)).toEqual({ "exact-duplicate": 40 });
  expect(existsSync(work)).toBe(false);
});

test("another test set is another check", async () => {
  const work = join(folder, "other-test-set");
  const check = (againstRows: number, rest: CheckDataOptions): Promise<Certificate> => {
    const against = memorySource(
      textSchema,
      Array.from({ length: againstRows }, (_, i) => ({ text: text(300 + i, 20) })),
      "test-set",
    );
    return checkData(memorySource(textSchema, [{ text: text(301, 20) }]), { ...one, against, folder: work, ...rest });
  };
  const stopped = check(1, {
    onProgress: ({ stage }) => {
      if (stage === "exact-duplicates") throw new Error("stopped");
    },
  });
  await expect(stopped).rejects.toThrow("stopped");
  await expect(check(2, { resume: true })).rejects.toThrow("it holds a check of other data or with other options");
  expect(removedOf(await check(2, {}))).toEqual({ "test-overlap": 1 });
});
