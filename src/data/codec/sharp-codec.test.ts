import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test, vi } from "vitest";
import { isCameoError } from "../../base/errors.ts";
import { ImageError } from "./image-error.ts";

afterEach(() => {
  vi.doUnmock("sharp");
  vi.resetModules();
});

test("a missing sharp is named with its install command, and is no fault of the image", async () => {
  vi.doMock("sharp", () => {
    throw new Error("Cannot find package 'sharp'");
  });
  vi.resetModules();
  const { decodeImage } = await import("./image.ts");
  await assert.rejects(decodeImage(readFileSync("fixtures/images/rgb.png")), (error) => {
    assert.ok(isCameoError(error, "codec") && !(error instanceof ImageError) && !("fault" in error));
    assert.match(error.message, /got no package "sharp".*\nhint: npm install sharp, or pass another codec/s);
    return true;
  });
});
