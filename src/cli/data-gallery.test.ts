import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder } from "../../test/support/cli.ts";
import { galleryPicture } from "../data/augment/gallery-picture.ts";
import * as transforms from "../data/augment/transforms.ts";
import { encodeImage } from "../data/codec/image.ts";
import type { Image } from "../data/image.ts";

const folder = temporaryFolder();
const names = Object.keys(transforms);

test("writes one page that shows every transform and needs nothing else", async () => {
  const out = join(folder, "gallery.html");
  const { code, stdout, stderr } = await cameo(["data", "gallery", "--out", out]);
  expect([code, stderr]).toEqual([0, ""]);
  const shown = Number(/, (\d+) transforms, /.exec(stdout)?.[1]);
  expect(shown).toBeGreaterThan(names.length);
  const page = readFileSync(out, "utf8");
  expect(page.split('class="card"').length - 1).toBe(shown);
  for (const name of names) expect(page).toContain(`id="${name}"`);
  expect(page.match(/(src|href)="(?!data:)[^"]*"|url\((?!data:)/g)).toBeNull();
  expect(page).toContain("{ &quot;op&quot;: &quot;Rotate&quot; }");
});

test("shows an image of the user's, made smaller", async () => {
  const file = join(folder, "own.png");
  writeFileSync(file, await encodeImage(galleryPicture(1, 640, 360).image as Image<Uint8Array>, { format: "png" }));
  const out = join(folder, "own.html");
  const { code, stdout } = await cameo(["data", "gallery", "--image", file, "--out", out, "--json"]);
  expect(code).toBe(0);
  expect(jsonLines(stdout)).toMatchObject([{ type: "gallery", out, transforms: expect.any(Number) }]);
  expect(readFileSync(out, "utf8")).toContain('width="320" height="180" alt="Invert, after"');
});

test("says what is wrong with an image that is none", async () => {
  const file = join(folder, "text.png");
  writeFileSync(file, "no image");
  const { code, stderr } = await cameo(["data", "gallery", "--image", file]);
  expect(code).toBe(1);
  expect(stderr.trim().split("\n").length).toBe(1);
});
