import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cameo, jsonLines, type Outcome, temporaryFolder } from "../../test/support/cli.ts";
import { decodeImage, encodeImage } from "../data/codec/image.ts";
import { image } from "../data/image.ts";

const folder = temporaryFolder();
const picture = join(folder, "cat.png");
const steps = [{ op: "Fliplr", probability: 0.5 }, { op: "Rotate", degrees: [-40, 40] }, { op: "GaussianBlur" }];
const spec = join(folder, "pipeline.json");

beforeAll(async () => {
  const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * i) % 251);
  writeFileSync(picture, await encodeImage(image(pixels, 40, 30, 3), { format: "png" }));
  writeFileSync(spec, JSON.stringify({ version: 1, seed: 3, steps }));
});

const augment = (...words: string[]): Promise<Outcome> => cameo(["data", "augment", picture, ...words]);
const pixelsOf = async (path: string): Promise<Uint8Array> => (await decodeImage(readFileSync(path))).data;

test("copies differ, come out the same again, and each record repeats its copy", async () => {
  const [out, second, again] = [join(folder, "out"), join(folder, "second"), join(folder, "again")];
  const { code, stdout, stderr } = await augment("--pipeline", spec, "--n", "3", "--out", out, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const lines = jsonLines(stdout) as { type: string; path: string }[];
  expect(lines.map(({ type }) => type)).toEqual(["image", "image", "image", "augment"]);
  await augment("--pipeline", spec, "--n", "3", "--out", second);
  const copies = [0, 1, 2].map((copy) => `cat.${copy}`);
  const files = copies.map((copy) => readFileSync(join(out, `${copy}.png`)));
  expect(new Set(files.map((file) => file.toString("base64"))).size).toBe(3);
  for (const [i, copy] of copies.entries()) {
    expect(readFileSync(join(second, `${copy}.png`))).toEqual(files[i]);
    await augment("--replay", join(out, `${copy}.json`), "--out", again);
    expect(await pixelsOf(join(again, "cat.png"))).toEqual(await pixelsOf(join(out, `${copy}.png`)));
  }
});

test.each([
  [[], "needs --pipeline or --replay", 2],
  [["--pipeline", "SPEC", "--replay", "SPEC"], "needs --pipeline or --replay", 2],
  [["--pipeline", "SPEC", "--n", "0"], "must be a whole number from 1", 2],
  [["--pipeline", "BROKEN"], "must be JSON", 1],
  [["--pipeline", "UNKNOWN"], 'did you mean "Rotate"?', 2],
] as const)("%j is refused in one line", async (words, message, exit) => {
  writeFileSync(join(folder, "broken.json"), "{");
  writeFileSync(join(folder, "unknown.json"), JSON.stringify({ version: 1, steps: [{ op: "Rotat" }] }));
  const paths: Record<string, string> = {
    SPEC: spec,
    BROKEN: join(folder, "broken.json"),
    UNKNOWN: join(folder, "unknown.json"),
  };
  const out = join(folder, "none");
  const { code, stderr } = await augment("--out", out, ...words.map((word) => paths[word] ?? word));
  expect(code).toBe(exit);
  expect(stderr).toContain(message);
  expect(existsSync(out)).toBe(false);
});

test("two images of one name are refused, not written over each other", async () => {
  const { code, stderr } = await augment(picture, "--pipeline", spec, "--out", join(folder, "twice"));
  expect(code).toBe(1);
  expect(stderr).toContain('a second image is named "cat"');
});

test("an image that does not decode is left out and counted", async () => {
  const broken = join(folder, "broken.png");
  writeFileSync(broken, readFileSync(picture).subarray(0, 200));
  const { code, stdout } = await augment(broken, "--pipeline", spec, "--out", join(folder, "some"), "--json");
  expect(code).toBe(0);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "augment", images: 1, faults: { truncated: 1 } });
});
