/**
 * What colours, noise and weather make of one picture, as hashes: whoever changes a pixel must raise the transform's version, because pipelines
 * and records of others repeat it. `vitest -u` writes them anew.
 */

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { galleryPicture } from "./gallery-picture.ts";
import { pipeline } from "./pipeline.ts";
import { pixelCases } from "./transforms.pixels.cases.ts";

test("the same pixels as ever, on every machine", async () => {
  const scene = galleryPicture(1, 96, 72);
  const lines = [{ op: "Identity", config: {} }, ...pixelCases].map(({ op, config = {} }) => {
    const steps = op === "Identity" ? [] : [{ op, ...config }];
    const { scene: output, record } = pipeline({ version: 1, seed: 11, steps }).run(scene, { sample: 0 });
    const { data } = output.image;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    return `${record.applied[0]?.op ?? "picture"} ${JSON.stringify(config)} ${hash}\n`;
  });
  await expect(lines.join("")).toMatchFileSnapshot("../../../fixtures/pixels/golden.txt");
});
