/** The transforms that everybody has, on 256 × 256 RGB images, beside OpenCV on one thread and imgaug. */

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PipelineSpec } from "../../data/augment/pipeline.ts";
import { image } from "../../data/image.ts";
import { pictures } from "./_generate.ts";
import type { DataCase } from "./case.ts";

const [count, side, channels] = [32, 256, 3];
const [degrees, sigma] = [17, 1.5];

/** What `cv2.warpAffine` needs for the same turn: the way imgaug 0.4.0 computes it, from float32 radians about the middle. */
function rotation(): number[] {
  const radians = Math.fround(Math.fround(degrees) * Math.fround(Math.PI / 180));
  const [cosine, sine, middle] = [Math.cos(radians), Math.sin(radians), (side - 1) / 2];
  return [
    ...[cosine, -sine, middle - cosine * middle + sine * middle],
    ...[sine, cosine, middle - sine * middle - cosine * middle],
  ];
}

const steps = {
  flip: [{ op: "Flipud" }],
  affine: [{ op: "Rotate", degrees }],
  blur: [{ op: "GaussianBlur", sigma }],
  "flip-affine-blur": [{ op: "Flipud" }, { op: "Rotate", degrees }, { op: "GaussianBlur", sigma }],
} as const satisfies Readonly<Record<string, PipelineSpec["steps"]>>;

const whats = {
  flip: "turn upside down",
  affine: `turn by ${degrees} degrees, bilinear`,
  blur: `Gaussian blur of sigma ${sigma}, 5 taps`,
  "flip-affine-blur": "all three in a row",
} as const satisfies Record<keyof typeof steps, string>;

function imageCase(name: keyof typeof steps): DataCase {
  const targets = name === "affine" || name === "blur";
  return {
    name,
    what: `${whats[name]}: ${side}² RGB, arithmetic of OpenCV 4`,
    unit: "images",
    peers: ["cv2", "imgaug"],
    ...(targets && {
      targets: [
        { peer: "cv2", ratio: 1 },
        { peer: "imgaug", ratio: 2 },
      ],
    }),
    prepare: async (folder) => {
      const { pipeline } = await import("../../data/augment/pipeline.ts");
      const pixels = pictures(count, side, channels);
      const images = join(folder, "images.bin");
      await writeFile(images, pixels);
      const size = side * side * channels;
      const scenes = Array.from({ length: count }, (_, i) => ({
        image: image(pixels.subarray(i * size, (i + 1) * size), side, side, channels),
      }));
      const augment = pipeline({ version: 1, profile: "opencv4", steps: steps[name] });
      // Into the places of a batch, as a loader does; OpenCV gets the same.
      const batch = new Uint8Array(pixels.length);
      const places = scenes.map((_, i) => batch.subarray(i * size, (i + 1) * size));
      const run = (): void => {
        for (const [sample, scene] of scenes.entries())
          augment.run(scene, { sample, out: places[sample] as Uint8Array });
      };
      return {
        setup: { images, shape: [count, side, side, channels], degrees, sigma, side: 5, matrix: rotation() },
        amount: count,
        run,
        digest: () => {
          run();
          return createHash("sha256").update(batch).digest("hex");
        },
      };
    },
  };
}

/** The cases. */
export const imageCases: readonly DataCase[] = (Object.keys(steps) as (keyof typeof steps)[]).map(imageCase);
