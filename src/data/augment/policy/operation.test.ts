import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { image } from "../../image.ts";
import { applyOperations, type OperationName } from "./operation.ts";

interface Row {
  readonly name: OperationName;
  readonly magnitude: number;
  readonly interpolation: "nearest" | "bilinear";
  readonly data: string;
}

const file = new URL("../../../../fixtures/pixels/pixels.json", import.meta.url);
const { images, operations } = JSON.parse(readFileSync(file, "utf8")) as {
  images: { smooth: { width: number; height: number; data: string } };
  operations: Row[];
};

const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const { width, height, data } = images.smooth;
const scene = { image: image(bytes(data), width, height, 3) };

describe("applyOperations", () => {
  it.each(operations)("moves as torchvision does: $name $magnitude, $interpolation", (row) => {
    const interpolation = row.interpolation === "bilinear" ? "linear" : "nearest";
    const moved = applyOperations(scene, [row], { interpolation, fill: 0 }).image.data;
    const expected = bytes(row.data);
    const off = expected.map((value, i) => Math.abs(value - (moved[i] as number)));
    const limit = row.interpolation === "bilinear" ? 1 : 0;
    const differing = off.filter((difference) => difference > limit).length;
    // Float32 places of torch fall to the other side of a tie now and then.
    expect(differing / off.length).toBeLessThan(0.01);
  });

  it("moves boxes and keypoints with the pixels", () => {
    const [moved] = [[{ name: "TranslateX", magnitude: 3.9 } as const]].map((steps) =>
      applyOperations({ ...scene, keypoints: [{ x: 1, y: 2 }] }, steps, { interpolation: "nearest", fill: 0 }),
    );
    expect(moved?.keypoints).toEqual([{ x: 4, y: 2 }]);
  });
});
