import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { damaged } from "../damage.contract.ts";
import { image } from "../image.ts";
import { decodeImage, encodeImage } from "./image.ts";
import { ImageError } from "./image-error.ts";
import { imageInfo } from "./image-info.ts";

const folder = join("fixtures", "images");
const read = (name: string): Uint8Array => readFileSync(join(folder, name));

interface Expected {
  readonly mode: string;
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  /** Upright, as Pillow decodes them: RGB or RGBA, or 16-bit grey. */
  readonly pixels: string;
}
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<string, Expected>;

const formats: Readonly<Record<string, string>> = { jpg: "jpeg" };
const formatOf = (name: string): string => formats[name.split(".")[1] ?? ""] ?? name.split(".")[1] ?? "";

/** A photograph-like picture: smooth, with noise that a seed gives. */
function noisy(width: number, height: number, channels: number) {
  const random = new RandomStream(5, "noise");
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, ((i / channels) % width) * 2 + random.uniform(i) * 20);
  return image(data, width, height, channels);
}

function faultOf(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ImageError && error.fault === code && error.message.split("\n").length <= 2;
}

describe("imageInfo", () => {
  for (const [name, { width, height, orientation }] of Object.entries(expected))
    test(`reads size and orientation of ${name} as Pillow does`, () => {
      const info = imageInfo(read(name));
      assert.deepEqual(
        [info.format, info.width, info.height, info.orientation, info.complete],
        [formatOf(name), width, height, orientation, true],
      );
    });

  test("reads channels and bits", () => {
    const table: [string, number, number][] = [
      ["grey.jpg", 1, 8],
      ["cmyk.jpg", 3, 8],
      ["grey-1-bit.png", 1, 1],
      ["grey-16-bit.png", 1, 16],
      ["grey-alpha.png", 2, 8],
      ["palette-transparent.png", 4, 4],
      ["lossless.webp", 3, 8],
      ["lossless-alpha.webp", 4, 8],
      ["lossy-alpha.webp", 4, 8],
      ["rgb.avif", 3, 8],
      ["rgba.avif", 4, 8],
      ["transparent.gif", 4, 8],
      ["rgb.bmp", 3, 8],
      ["grey.tiff", 1, 8],
    ];
    for (const [name, channels, bits] of table)
      assert.deepEqual([imageInfo(read(name)).channels, imageInfo(read(name)).bits], [channels, bits], name);
  });

  test("needs no more than the first 500 bytes of a JPEG with EXIF data", () => {
    const info = imageInfo(read("orientation-6.jpg").subarray(0, 500));
    assert.deepEqual([info.width, info.orientation, info.complete], [13, 6, false]);
  });

  test("does not mind what follows the image, as phones append films", () => {
    for (const name of ["rgb-420-progressive.jpg", "rgb.png", "lossy.webp", "transparent.gif"]) {
      const whole = read(name);
      assert.ok(imageInfo(Buffer.concat([whole, Buffer.alloc(100_000)])).complete, name);
      assert.ok(!imageInfo(whole.subarray(0, whole.length - 3)).complete, name);
    }
  });

  test("says what is wrong with what is no image", () => {
    assert.throws(() => imageInfo(new Uint8Array()), faultOf("empty"));
    assert.throws(() => imageInfo(Buffer.from("<svg width='9'/>")), faultOf("syntax"));
    assert.throws(() => imageInfo(read("rgb-444.jpg").subarray(0, 60)), faultOf("truncated"));
    assert.throws(() => imageInfo(read("rgb.png").subarray(0, 20)), faultOf("truncated"));
    const flat = Buffer.from(read("rgb.png"));
    flat.writeUInt32BE(0, 20);
    assert.throws(() => imageInfo(flat), faultOf("syntax"));
  });

  test("takes any damage: an answer or an ImageError", () => {
    for (const name of Object.keys(expected))
      for (const bytes of damaged(read(name), { rounds: 300, within: 300 }))
        try {
          const { width, height, channels } = imageInfo(bytes);
          assert.ok(width > 0 && height > 0 && channels > 0);
        } catch (error) {
          assert.ok(error instanceof ImageError, `${name}: ${String(error)}`);
        }
  });
});

describe("decodeImage", () => {
  for (const [name, { mode, width, height, orientation, pixels }] of Object.entries(expected)) {
    if (name.endsWith(".bmp") || mode === "CMYK") continue; // sharp has no BMP; CMYK is a matter of taste
    test(`decodes ${name} to Pillow's pixels`, async () => {
      const want = Buffer.from(pixels, "base64");
      const isTurned = orientation > 4;
      const size = isTurned ? [height, width] : [width, height];
      if (mode === "I;16") {
        const got = await decodeImage(read(name), { bits: 16 });
        assert.deepEqual([got.width, got.height], size);
        assert.deepEqual(
          [...got.data],
          Array.from({ length: want.length / 2 }, (_, i) => want.readUInt16LE(i * 2)),
        );
        return;
      }
      const channels = want.length / (width * height) === 4 ? 4 : 3;
      const got = await decodeImage(read(name), { channels });
      assert.deepEqual([got.width, got.height, got.channels], [...size, channels]);
      // The two decoders round colour conversions differently: one grey level for JPEG, two for AVIF and lossy WebP.
      const tolerance = name.endsWith(".avif") || name.startsWith("lossy") ? 2 : name.endsWith(".jpg") ? 1 : 0;
      const worst = want.reduce((most, value, i) => {
        const isHidden = channels === 4 && want[i - (i % 4) + 3] === 0; // the colour of a transparent pixel is nobody's
        return isHidden ? most : Math.max(most, Math.abs(value - (got.data[i] as number)));
      }, 0);
      assert.ok(worst <= tolerance, `differs by ${worst}`);
    });
  }

  test("gives the channels stored, or those asked for", async () => {
    for (const [name, channels] of [
      ["grey.png", 1],
      ["grey.jpg", 1],
      ["grey-alpha.png", 2],
      ["rgba.png", 4],
    ] as const)
      assert.equal((await decodeImage(read(name))).channels, channels, name);
    assert.equal((await decodeImage(read("cmyk.jpg"))).channels, 3);
    const rgb = await decodeImage(read("rgb.png"));
    const grey = await decodeImage(read("rgb.png"), { channels: 1 });
    const [red, green, blue] = rgb.data.subarray(30, 33) as unknown as [number, number, number];
    assert.equal(grey.data[10], Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
    const rgba = await decodeImage(read("rgb.png"), { channels: 4 });
    assert.deepEqual([...rgba.data.subarray(40, 44)], [red, green, blue, 255]);
  });

  test("leaves an image lying when told to", async () => {
    const lying = await decodeImage(read("orientation-6.jpg"), { orient: false });
    const upright = await decodeImage(read("orientation-6.jpg"));
    assert.deepEqual([lying.width, lying.height, upright.width, upright.height], [13, 9, 9, 13]);
  });

  test("widens 8 bits to 16 and narrows 16 to 8", async () => {
    const narrow = await decodeImage(read("grey.png"));
    const wide = await decodeImage(read("grey.png"), { bits: 16 });
    assert.deepEqual(
      [...wide.data],
      Array.from(narrow.data, (value) => value * 257),
    );
    const deep = await decodeImage(read("grey-16-bit.png"), { bits: 16 });
    const cut = await decodeImage(read("grey-16-bit.png"));
    assert.deepEqual(
      [...cut.data],
      Array.from(deep.data, (value) => value >> 8),
    );
  });

  test("refuses a truncated JPEG, PNG and WebP, and zero bytes", async () => {
    const jpeg = await encodeImage(noisy(64, 64, 3), { format: "jpeg", quality: 90 });
    await assert.rejects(decodeImage(jpeg.subarray(0, jpeg.length * 0.7)), faultOf("truncated"));
    await assert.rejects(decodeImage(jpeg.subarray(0, jpeg.length - 40)), faultOf("truncated"));
    const png = await encodeImage(noisy(64, 64, 3), { format: "png" });
    await assert.rejects(decodeImage(png.subarray(0, png.length / 2)), faultOf("truncated"));
    const webp = await encodeImage(noisy(64, 64, 3), { format: "webp" });
    await assert.rejects(decodeImage(webp.subarray(0, webp.length / 2)), faultOf("truncated"));
    await assert.rejects(decodeImage(new Uint8Array()), faultOf("empty"));
  });

  test("refuses a JPEG with broken data, which decoders fill with grey", async () => {
    const jpeg = await encodeImage(noisy(64, 64, 3), { format: "jpeg", quality: 90 });
    jpeg.set([0xff, 0xd3], jpeg.length * 0.6); // a restart marker where none belongs
    await assert.rejects(decodeImage(jpeg), faultOf("decode"));
  });

  test("refuses more pixels than the limit before decoding, whatever the file's size", async () => {
    await assert.rejects(decodeImage(read("rgb.png"), { maxPixels: 100 }), faultOf("image-size"));
    const bomb = Buffer.from(read("lossless.webp"));
    bomb.writeUInt32LE(0x0fffffff, 21); // 16384 × 16384 in a header of five bytes
    await assert.rejects(decodeImage(bomb), faultOf("image-size"));
  });

  test("refuses a file whose header and pixels disagree", async () => {
    const animated = Buffer.from(read("lossy-alpha.webp"));
    assert.equal(animated.toString("latin1", 12, 16), "VP8X");
    animated[24] = 99; // the canvas is 100 wide, the picture in it 13
    await assert.rejects(decodeImage(animated), (error) => error instanceof ImageError);
    const codec = {
      name: "liar",
      decode: async () => image(new Uint8Array(9), 3, 3, 1),
      encode: async () => new Uint8Array(),
    };
    await assert.rejects(decodeImage(read("rgb.png"), { codec }), faultOf("image-size"));
  });

  test("takes any damage: pixels of the promised size or an ImageError", async () => {
    for (const name of ["rgb-444.jpg", "rgba.png", "lossy.webp", "rgb.avif", "palette.gif", "rgb.tiff"])
      for (const bytes of damaged(read(name), { rounds: 30 }))
        try {
          const { data, width, height, channels } = await decodeImage(bytes, { maxPixels: 2 ** 20 });
          assert.equal(data.length, width * height * channels);
        } catch (error) {
          assert.ok(error instanceof ImageError, `${name}: ${String(error)}`);
        }
  });
});

describe("encodeImage", () => {
  test("brings every pixel back where it is lossless", async () => {
    for (const channels of [1, 2, 3, 4]) {
      const original = noisy(31, 17, channels);
      const png = await decodeImage(await encodeImage(original, { format: "png" }));
      assert.deepEqual([png.channels, png.data], [channels, original.data]);
    }
    for (const channels of [3, 4]) {
      const original = noisy(31, 17, channels);
      const webp = await encodeImage(original, { format: "webp", lossless: true });
      const back = await decodeImage(webp, { channels: channels as 3 | 4 });
      assert.deepEqual(back.data, original.data);
    }
  });

  test("keeps 16 bits in a PNG", async () => {
    for (const channels of [1, 3]) {
      const data = Uint16Array.from({ length: 6 * 5 * channels }, (_, i) => i * 701);
      const png = await encodeImage(image(data, 6, 5, channels), { format: "png" });
      assert.equal(imageInfo(png).bits, 16);
      assert.deepEqual((await decodeImage(png, { bits: 16 })).data, data);
    }
  });

  test("takes quality and chroma at their word", async () => {
    const original = noisy(64, 64, 3);
    const sizes: number[] = [];
    for (const [quality, chroma] of [
      [50, "4:2:0"],
      [95, "4:2:0"],
      [95, "4:4:4"],
    ] as const)
      sizes.push((await encodeImage(original, { format: "jpeg", quality, chroma })).length);
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => a - b),
    );
    assert.equal(imageInfo(await encodeImage(original, { format: "avif", effort: 0 })).format, "avif");
  });

  test("refuses what a format cannot hold", async () => {
    const original = noisy(8, 8, 3);
    await assert.rejects(encodeImage(original, { format: "jpeg", lossless: true }), RangeError);
    await assert.rejects(encodeImage(original, { format: "webp", quality: 0 }), RangeError);
    await assert.rejects(encodeImage(noisy(8, 8, 5), { format: "png" }), RangeError);
    await assert.rejects(encodeImage(image(new Uint16Array(4), 2, 2, 1), { format: "jpeg" }), RangeError);
    await assert.rejects(encodeImage(noisy(20000, 1, 1), { format: "webp" }), faultOf("decode")); // WebP ends at 16383
  });
});
