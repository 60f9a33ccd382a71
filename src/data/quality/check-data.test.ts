import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { encodeImage } from "../codec/image.ts";
import { image } from "../image.ts";
import { hashSplit } from "../sample/split.ts";
import { openSource } from "../source/open.ts";
import type { Cell, Schema } from "../table.ts";
import { balances, one, random, removedOf, text, textSchema } from "./_certificates.cases.ts";
import { memorySource } from "./_memory-source.cases.ts";
import type { Certificate } from "./certificate.ts";
import { checkData } from "./check-data.ts";
import type { CheckDataOptions } from "./check-options.ts";
import { textPresets } from "./filter-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "cameo-check-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("duplicates leave, exact before near, and the first stays", async () => {
  const base = text(1);
  const rows = [base, text(2), base, `${base.toUpperCase()}!`, base.replace(/^\S+ /, ""), text(3), ""];
  const certificate = await checkData(
    memorySource(
      textSchema,
      rows.map((each) => ({ text: each })),
    ),
    one,
  );
  balances(certificate);
  expect(removedOf(certificate)).toEqual({ "exact-duplicate": 1, "near-duplicate": 2 });
  expect(certificate.examples.map(({ row, reason, keptRow }) => [row, reason, keptRow])).toEqual([
    [2, "exact-duplicate", 0],
    [3, "near-duplicate", 0],
    [4, "near-duplicate", 0],
  ]);
});

test("rows of several files are one data set", async () => {
  const files = join(folder, "files");
  mkdirSync(files);
  const [a, b, c, d] = [11, 12, 13, 14].map((index) => text(index));
  for (const [name, texts] of Object.entries({ "1.jsonl": [a, b], "2.jsonl": [b, c], "3.jsonl": [`${a}!`, d] }))
    writeFileSync(join(files, name), texts.map((each) => `${JSON.stringify({ text: each })}\n`).join(""));
  await using source = await openSource(files);
  const certificate = await checkData(source, one);
  balances(certificate);
  expect(removedOf(certificate)).toEqual({ "exact-duplicate": 1, "near-duplicate": 1 });
  expect(certificate.examples.map(({ row, keptRow }) => [row, keptRow])).toEqual([
    [2, 1],
    [4, 0],
  ]);
});

test("of rows alike, the first that passes the filters stays", async () => {
  const good = text(5, 200).replaceAll(/(\S+ \S+ \S+) /g, "$1 of the ");
  const rows = [`${good} {`, good, text(6, 10)].map((each) => ({ text: each }));
  const filters = { c4Quality: { minSentences: 1, terminalPunctuation: false }, gopherQuality: {} };
  const certificate = await checkData(memorySource(textSchema, rows), { ...one, filters });
  expect(removedOf(certificate)).toEqual({ "near-duplicate": 1, "gopher-few-words": 1 });
  expect(certificate.examples.find(({ reason }) => reason === "near-duplicate")).toMatchObject({ row: 0, keptRow: 1 });
});

test("everything is counted, whatever the data", async () => {
  const schema: Schema = [
    { name: "text", type: "string", nullable: true },
    { name: "x", type: "float32", nullable: false },
    { name: "label", type: "int32", nullable: false },
    { name: "shape", type: "json", nullable: true },
    { name: "boxes", type: "json", nullable: true },
  ];
  const faults = [
    { code: "utf8", detail: "0xff" },
    { code: "truncated", detail: "ends early" },
    { code: "bomb", detail: "too much" },
  ] as const;
  const row = (index: number): object => {
    const kind = random.integer(900_000 + index, 12);
    if (kind < 3) return faults[kind] as object;
    const sound = { text: text(index % 400, 20), x: index, label: index % 10, shape: [1, 2], boxes: [[0, 0, 2, 2]] };
    if (kind === 3) return { ...sound, x: index % 2 === 0 ? Number.NaN : -Infinity };
    if (kind === 4) return { ...sound, shape: index % 2 === 0 ? [1, 2, 3] : [[1], [2, 3]] };
    if (kind === 5) return { ...sound, label: index % 2 === 0 ? -1 : 10 };
    if (kind === 6) return { ...sound, boxes: [[1, 1, 1, 4]] };
    if (kind === 7) return { ...sound, text: index % 2 === 0 ? null : "half \ud800 a pair" };
    return kind === 8 ? { ...sound, text: "" } : sound;
  };
  const rows = Array.from({ length: 3000 }, (_, index) => row(index));
  const rules = {
    x: { finite: true },
    label: { classes: 10 },
    shape: { shape: [2] },
    boxes: { boxes: "xyxy" },
  } as const;
  const source = memorySource(schema, rows as never);
  const certificate = await checkData(source, { ...one, column: "text", rules, filters: textPresets.c4 });
  balances(certificate);
  expect(certificate.input.rows).toBe(3000);
  const { removed } = certificate.stages[0] as Certificate["stages"][number];
  const expected: Record<string, number> = {};
  for (const each of rows as Record<string, unknown>[]) {
    const boxes = each["boxes"] as number[][] | undefined;
    const shape = each["shape"] as unknown[] | undefined;
    const isHalf = typeof each["text"] === "string" && !each["text"].isWellFormed();
    const code =
      (each["code"] as string | undefined) ??
      (isHalf ? "utf8" : !Number.isFinite(each["x"]) ? "not-finite" : undefined) ??
      ([-1, 10].includes(each["label"] as number) || boxes?.[0]?.[0] === 1 ? "range" : undefined) ??
      (shape?.length !== 2 || Array.isArray(shape[0]) ? "shape" : each["text"] === null ? "schema" : undefined);
    if (code !== undefined) expected[code] = (expected[code] ?? 0) + 1;
  }
  expect(removed).toEqual(expected);
  expect(Object.keys(expected).length).toBe(7);
  const table = await checkData(memorySource(schema, rows as never), { ...one, kind: "table", rules });
  balances(table);
  expect(table.input.rows).toBe(3000);
});

test("the same whatever the number of threads, and after a stop at any point", async () => {
  const rows = Array.from({ length: 2500 }, (_, i) => ({ text: text(i % 900, 60) + (i % 7 === 0 ? " more" : "") }));
  const strip = ({ createdAt, seconds, ...rest }: Certificate): object => rest;
  const options: CheckDataOptions = { profile: false, filters: textPresets.gopher };
  const whole = await checkData(memorySource(textSchema, rows), { ...options, workers: 1 });
  balances(whole);
  expect(strip(await checkData(memorySource(textSchema, rows), { ...options, workers: 3 }))).toEqual(strip(whole));

  const work = join(folder, "resumed");
  const controller = new AbortController();
  const stopped = checkData(memorySource(textSchema, rows), {
    ...options,
    workers: 1,
    folder: work,
    signal: controller.signal,
    shardRows: 512,
    onProgress: ({ stage, rows: done }) => {
      if (stage === "scan" && done > 1100) controller.abort();
    },
  });
  await expect(stopped).rejects.toThrow("aborted");
  const finished = readdirSync(work).filter((name) => name.startsWith("shard-")).length;
  expect([1, 2, 3]).toContain(finished); // of five; nothing half written
  expect(readdirSync(work)).toHaveLength(finished + 1);
  const source = memorySource(textSchema, rows);
  const resumed = await checkData(source, { ...options, workers: 2, folder: work, resume: true, shardRows: 512 });
  expect(strip(resumed)).toEqual(strip(whole));
  expect(source.reads[0]).toBe(512 * finished);

  expect(existsSync(work)).toBe(false);
});

test("rows alike and rows of a group are in one split", async () => {
  const schema: Schema = [...textSchema, { name: "group", type: "int32", nullable: false }];
  const rows = Array.from({ length: 600 }, (_, i) => ({ text: text(i % 200, 30), group: i % 40 }));
  const out = join(folder, "splits.jsonl");
  const splitsOf = async (options: CheckDataOptions, key: "text" | "group"): Promise<Map<unknown, Set<string>>> => {
    const shares = { train: 0.6, test: 0.4 };
    const source = memorySource(schema, rows);
    const certificate = await checkData(source, { ...one, column: "text", splits: shares, out, ...options });
    balances(certificate);
    const found = new Map<unknown, Set<string>>();
    let count = 0;
    for (const line of readFileSync(out, "utf8").trim().split("\n")) {
      const row = JSON.parse(line) as Record<"text" | "group" | "split", string>;
      const names = found.get(row[key]) ?? new Set();
      found.set(row[key], names.add(row.split));
      count++;
    }
    expect(certificate.output.rows).toBe(count);
    expect(Object.values(certificate.output.splits ?? {}).reduce((sum, each) => sum + each, 0)).toBe(count);
    return found;
  };
  const everything = { exactDuplicates: false, nearDuplicates: false } as const;
  const byText = await splitsOf(everything, "text");
  expect(byText.size).toBe(200);
  const byGroup = await splitsOf({ group: "group" }, "group");
  for (const found of [byText, byGroup]) {
    expect([...found.values()].every((names) => names.size === 1)).toBe(true);
    expect(new Set([...found.values()].flatMap((names) => [...names])).size).toBe(2);
  }
  // The command that samples and the one that checks must not put a group into different parts.
  const partOf = hashSplit({ train: 0.6, test: 0.4 }, { seed: 1 });
  for (const [group, names] of byGroup) expect([...names]).toEqual([partOf(group as number)]);
});

test("counts add up for every combination of what can be turned off", async () => {
  const rows = Array.from({ length: 120 }, (_, i) =>
    i % 11 === 0
      ? ({ code: "utf8", detail: "x" } as const)
      : { text: i % 13 === 0 ? null : text(i % 60, 12) + " {".repeat(i % 2) },
  );
  const against = (): ReturnType<typeof memorySource> => memorySource(textSchema, [{ text: text(5, 12) }], "test-set");
  const flags: readonly CheckDataOptions[] = [
    { exactDuplicates: false },
    { nearDuplicates: false },
    { filters: textPresets.c4 },
    { against: against(), againstWords: 5 },
    { rules: { text: { nullable: false, max: 70 } } },
    { splits: { a: 0.5, b: 0.5 } },
  ];
  for (let chosen = 0; chosen < 2 ** flags.length; chosen++) {
    const options = Object.assign({}, ...flags.filter((_, bit) => (chosen >> bit) & 1)) as CheckDataOptions;
    const certificate = await checkData(memorySource(textSchema, rows), { ...one, kind: "text", ...options });
    balances(certificate);
    expect(certificate.input.rows).toBe(120);
  }
});

test("the content hash knows rows and not their order", async () => {
  const hashOf = async (rows: readonly string[]): Promise<string> =>
    (
      await checkData(
        memorySource(
          textSchema,
          rows.map((each) => ({ text: each })),
        ),
        one,
      )
    ).input.contentHash;
  const [a, b, c] = await Promise.all([hashOf(["x", "y", "z"]), hashOf(["z", "x", "y"]), hashOf(["x", "y", "y"])]);
  expect(a).toBe(b);
  expect(a).not.toBe(c);
  expect(a).toMatch(/^[0-9a-f]{32}$/);
  const { input, output } = await checkData(memorySource(textSchema, [{ text: "q" }]), one);
  expect(input.contentHash).toBe(output.contentHash);
});

test("texts that share words with the test set leave", async () => {
  const test1 = text(77, 40);
  const rows = [
    `${text(78)} ${test1.split(" ").slice(5, 19).join(" ")} ${text(79)}`,
    text(80),
    test1.split(" ").slice(0, 12).join(" "),
  ];
  const against = memorySource(textSchema, [{ text: test1 }], "test-set");
  const certificate = await checkData(
    memorySource(
      textSchema,
      rows.map((each) => ({ text: each })),
    ),
    { ...one, against },
  );
  balances(certificate);
  expect(removedOf(certificate)).toEqual({ "test-overlap": 1 });
  expect(certificate.examples[0]).toMatchObject({ row: 0, reason: "test-overlap" });
});

test("images: copies of other sizes and qualities leave, broken ones are set aside", async () => {
  const size = 96;
  const picture = (index: number, scale: number): Promise<Uint8Array> => {
    const side = size * scale;
    const waves = Array.from({ length: 6 }, (_, i) => random.uniform(9_000_000 + 10 * index + i) * 8 - 4);
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = waves;
    const data = Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
      return 128 + 60 * Math.sin(a * x + b * y * 3 + e) + 60 * Math.cos(c * x * 3 + d * y + f);
    });
    return encodeImage(image(data, side, side, 1), scale === 1 ? { format: "png" } : { format: "jpeg", quality: 70 });
  };
  const schema: Schema = [{ name: "image", type: "image", nullable: false }];
  const cells = [
    await picture(1, 1),
    await picture(2, 1),
    await picture(1, 2),
    await picture(1, 1),
    (await picture(3, 1)).subarray(0, 200),
    new Uint8Array(0),
    await picture(4, 1),
  ];
  const certificate = await checkData(
    memorySource(
      schema,
      cells.map((each) => ({ image: each })),
    ),
    one,
  );
  balances(certificate);
  expect(certificate.rowsQuarantined).toBe(2);
  expect(removedOf(certificate)).toMatchObject({ "exact-duplicate": 1, "near-duplicate": 1, empty: 1 });
});

test("requirements decide, and are listed with what was found", async () => {
  const rows = ["a b c", "a b c", "d e f", "g h i"].map((each) => ({ text: each }));
  const requirements = { "max-removed": 0.2, "min-rows": 3 };
  const certificate = await checkData(memorySource(textSchema, rows), { ...one, requirements });
  expect(certificate.passed).toBe(false);
  expect(certificate.requirements).toEqual([
    { name: "max-removed", limit: 0.2, value: 0.25, passed: false },
    { name: "min-rows", limit: 3, value: 3, passed: true },
  ]);
});

test("no rows, one row, and options that cannot be", async () => {
  const empty = await checkData(memorySource(textSchema, []), one);
  balances(empty);
  expect(empty.input.rows).toBe(0);
  await expect(checkData(memorySource(textSchema, []), { column: "body" })).rejects.toThrow(
    'checkData: cannot use column: got "body", the columns are text',
  );
  await expect(checkData(memorySource(textSchema, []), { imageDistance: 40 })).rejects.toThrow(RangeError);
});

test("a folder keeps all that is not the check's own", async () => {
  const work = join(folder, "mine");
  mkdirSync(work);
  writeFileSync(join(work, "shard-notes.txt"), "mine");
  const source = (): ReturnType<typeof memorySource> => memorySource(textSchema, [{ text: "x" }]);
  const stopped = checkData(source(), { ...one, folder: work, signal: AbortSignal.abort() });
  await expect(stopped).rejects.toThrow("abort");
  expect(readdirSync(work).sort()).toEqual(["plan.json", "shard-notes.txt"]);
  const other = checkData(source(), { ...one, folder: work, resume: true, seed: 2 });
  await expect(other).rejects.toThrow("it holds a check of other data or with other options");
  await checkData(source(), { ...one, folder: work, resume: true });
  expect(readdirSync(work)).toEqual(["shard-notes.txt"]);
  await checkData(source(), { ...one, folder: work });
  expect(readFileSync(join(work, "shard-notes.txt"), "utf8")).toBe("mine");
});

test("a limit on what is not measured is refused", async () => {
  const check = (options: CheckDataOptions): Promise<Certificate> =>
    checkData(memorySource(textSchema, []), { ...one, ...options });
  await expect(check({ requirements: { "max-drift": 1 } })).rejects.toThrow("no reference");
  await expect(check({ requirements: { "max-label-noise": 1 } })).rejects.toThrow("no probabilities");
  await expect(check({ reference: { numRows: 0, columns: [] } })).rejects.toThrow("profile is off");
  await expect(check({ kind: "table", filters: {} })).rejects.toThrow("those are for texts");
  await expect(check({ splits: { train: 0.5 } })).rejects.toThrow("must be positive and add up to 1");
});

test("labels are judged by predictions and by neighbours, on the rows that stay", async () => {
  const schema: Schema = [
    { name: "text", type: "string", nullable: false },
    { name: "label", type: "int32", nullable: false },
    { name: "p", type: "json", nullable: false },
    { name: "v", type: "json", nullable: false },
  ];
  const row = (i: number): Record<string, Cell> => {
    const truth = i % 2;
    const p = 0.8 + 0.19 * random.uniform(700_000 + i);
    const angle = truth * 2 + 0.3 * random.uniform(800_000 + i);
    const label = i === 13 || i === 20 ? 1 - truth : truth;
    return {
      text: text(2000 + i, 20),
      label,
      p: truth === 0 ? [p, 1 - p] : [1 - p, p],
      v: [Math.cos(angle), Math.sin(angle)],
    };
  };
  const rows = [...Array.from({ length: 60 }, (_, i) => row(i)), row(13)];
  const labels = { label: "label", probabilities: "p", embeddings: "v" };
  const certificate = await checkData(memorySource(schema, rows), { ...one, column: "text", labels });
  balances(certificate);
  expect(certificate.output.rows).toBe(60);
  expect(certificate.labels?.confidentLearning?.errors.map((each) => each.row).sort()).toEqual([13, 20]);
  expect(certificate.labels?.neighbours?.suspects.map((each) => each.row)).toEqual([13, 20]);
  const short = memorySource(schema, [{ ...row(0), p: [1] }, row(1)]);
  await expect(checkData(short, { ...one, column: "text", labels })).rejects.toThrow("row 1 has 2 numbers");
});

test("pixels in tensors are images too", async () => {
  const schema: Schema = [{ name: "x", type: "tensor", element: "uint8", shape: [8, -1], nullable: false }];
  const pixels = (width: number, seed: number): Cell =>
    tensor(
      "uint8",
      [8, width],
      Uint8Array.from({ length: 8 * width }, (_, i) => random.integer(990_000 + 1000 * seed + i, 256)),
    );
  const rows = [pixels(8, 1), pixels(8, 2), pixels(8, 1), [1, 2, 3]].map((x) => ({ x }));
  const certificate = await checkData(memorySource(schema, rows), { ...one, kind: "image" });
  balances(certificate);
  expect(removedOf(certificate)).toEqual({ "exact-duplicate": 1, schema: 1 });
});
