import { z } from "zod";
import { type Distribution, drawReal, drawWhole, real, whole } from "../distribution.ts";
import { colorsOf, draftOf, limitOf, settled } from "../pixels.ts";
import type { Transform } from "../transform.ts";

/** A disc of light; place and radius as fractions of the image and of its shorter side. */
interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly strength: number;
  readonly color: readonly [red: number, green: number, blue: number];
}

interface Config {
  readonly x: Distribution;
  readonly y: Distribution;
  readonly radius: Distribution;
  readonly ghosts: Distribution;
}

interface Params {
  readonly sun: Disc;
  /** Reflections in the lens, on the line through sun and centre. */
  readonly ghosts: readonly Disc[];
}

/** Adds the light of a disc: of the sun it fades from the middle, of a ghost it is even with a bright rim. */
function shine(light: Float32Array, width: number, disc: Disc, isSun: boolean): void {
  const height = light.length / 3 / width;
  const radius = Math.max(disc.radius * Math.min(width, height), 1);
  const [x0, y0] = [disc.x * width, disc.y * height];
  for (let y = Math.max(Math.floor(y0 - radius), 0); y < Math.min(y0 + radius, height); y++)
    for (let x = Math.max(Math.floor(x0 - radius), 0); x < Math.min(x0 + radius, width); x++) {
      const place = Math.sqrt((x + 0.5 - x0) ** 2 + (y + 0.5 - y0) ** 2) / radius;
      if (place >= 1) continue;
      const edge = Math.min((1 - place) * radius, 1);
      const amount = disc.strength * (isSun ? (1 - place) ** 2 : edge * (0.6 + 0.4 * place ** 6));
      for (let channel = 0; channel < 3; channel++)
        (light[(y * width + x) * 3 + channel] as number) += amount * (disc.color[channel] as number);
    }
}

/**
 * Adds a low sun and its reflections in the lens: `x` and `y` say where as fractions of the image, `radius` is the glow's as a fraction of
 * the shorter side, `ghosts` how many reflections.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839,
 * `RandomSunFlare`: the idea; the light is added here, not painted over.
 */
export const SunFlare: Transform<Config, Params> = {
  name: "SunFlare",
  version: 1,
  config: z.strictObject({
    x: real({ min: 0, max: 1 }).default([0.1, 0.9]),
    y: real({ min: 0, max: 1 }).default([0, 0.4]),
    radius: real({ min: 0, max: 3 }).default([0.4, 0.8]),
    ghosts: whole({ min: 0, max: 50 }).default([3, 7]),
  }),
  sample(config, draw) {
    const [x, y] = [drawReal(config.x, draw), drawReal(config.y, draw)];
    const ghosts = Array.from({ length: drawWhole(config.ghosts, draw) }, (): Disc => {
      const along = draw.uniform(0.3, 2.2);
      return {
        x: x + (0.5 - x) * along,
        y: y + (0.5 - y) * along,
        radius: draw.uniform(0.02, 0.1),
        strength: draw.uniform(0.1, 0.3),
        color: [draw.uniform(0.4, 1), draw.uniform(0.5, 1), draw.uniform(0.4, 1)],
      };
    });
    return { sun: { x, y, radius: drawReal(config.radius, draw), strength: 1.1, color: [1, 0.96, 0.82] }, ghosts };
  },
  effect: {
    kind: "pixels",
    apply(image, { sun, ghosts }) {
      const { data, width, height, channels } = image;
      const [limit, colors, draft] = [limitOf(image), colorsOf(image), draftOf(image)];
      const light = new Float32Array(width * height * 3);
      shine(light, width, sun, true);
      for (const ghost of ghosts) shine(light, width, ghost, false);
      for (let pixel = 0, i = 0; i < data.length; pixel += 3, i += channels)
        for (let channel = 0; channel < colors; channel++)
          draft[i + channel] = (data[i + channel] as number) + (light[pixel + (channel % 3)] as number) * limit;
      return settled(image, draft);
    },
  },
};
