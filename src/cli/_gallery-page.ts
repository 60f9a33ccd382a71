/** The gallery as one HTML page that needs nothing beside it. */

import { escapeHtml as escaped } from "../base/html.ts";
import { wordDifference } from "../base/word-difference.ts";
import { type GalleryEntry, gallerySounds, gallerySpectrograms, galleryTexts } from "../data/augment/gallery.ts";
import type { GalleryGroup } from "../data/augment/gallery-examples.ts";
import type { Scene } from "../data/augment/transform.ts";
import { maskOf, pictureOf, spectrogramPicture } from "./_gallery-images.ts";
import { overlayOf } from "./_gallery-overlay.ts";
import { galleryScript } from "./_gallery-script.ts";
import { galleryStyle } from "./_gallery-style.ts";

/** A card: its parts are read by the page's script. */
interface Card {
  readonly group: GalleryGroup;
  readonly html: string;
}

/** Options in one line: `amount 0.2 · perChannel true`. */
const optionsOf = ({ op: _, ...options }: { readonly op: string }): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(" · ") || "defaults";

/** JSON with lists and short objects on one line, long ones cut: parameters of a policy or of a field of noise are read, not parsed. */
const readable = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "number" ? Number(part.toPrecision(6)) : part), 2)
    .replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s+/g, " ")}]`)
    .replace(/\{\s+([^{}]*?)\s+\}/g, (whole, inner: string) => {
      const line = `{ ${inner.replace(/\s+/g, " ")} }`;
      return line.length <= 72 ? line : whole;
    })
    .slice(0, 3000);

/** A name that may be broken between its words. */
const breakable = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "<wbr>");

function card<Value>(entry: GalleryEntry<Value>, view: string): Card {
  const { name, group, step, seed, params } = entry;
  const pipeline = { version: 1, seed, steps: [step] };
  const data = {
    name,
    group,
    search: `${name} ${name.replace(/(?<=[a-z])(?=[A-Z])/g, " ")} ${group}`.toLowerCase(),
    step: readable(pipeline),
    params: readable(params),
  };
  const attributes = Object.entries(data).map(([key, value]) => `data-${key}="${escaped(value)}"`);
  return {
    group,
    html: `<button type="button" class="card" id="${name}" ${attributes.join(" ")}>${view}<span class="name">${breakable(name)}</span><span class="what">${escaped(optionsOf(step))}</span></button>`,
  };
}

/** Pictures that many cards share are written once, as CSS variables. */
class Shared {
  readonly #names = new Map<string, string>();

  /** The variable that holds a picture. */
  variable(uri: string): string {
    const known = this.#names.get(uri) ?? `--picture-${this.#names.size}`;
    this.#names.set(uri, known);
    return known;
  }

  get css(): string {
    return `:root{${[...this.#names].map(([uri, name]) => `${name}:url(${uri})`).join(";")}}`;
  }
}

async function sceneCard(entry: GalleryEntry<Scene>, shared: Shared): Promise<Card> {
  const { before, after, name } = entry;
  const isVideo = before.frames !== undefined;
  const [picture, was] = [await pictureOf(after), shared.variable(await pictureOf(before))];
  // Where nothing moves, targets would only hide the colours: they are shown when the card is opened.
  const still = before.boxes === after.boxes && before.keypoints === after.keypoints ? "still " : "";
  const layers = async (scene: Scene, when: "was" | "now"): Promise<string> => {
    if (isVideo) return "";
    const className = still + when;
    const mask = await maskOf(scene);
    const hidden = when === "was" ? " hidden" : "";
    const tint =
      mask === undefined
        ? ""
        : `<span class="mask ${className}"${hidden} style="background:var(${shared.variable(mask)}) center/contain no-repeat"></span>`;
    return tint + overlayOf(scene, className).replace("<svg", `<svg${hidden}`);
  };
  const { width, height } = after.image;
  const alt = `${name}, after`;
  const view = `<span class="view" style="--before:var(${was})"><span class="before"></span><img class="after" loading="lazy" src="${picture}" width="${width}" height="${height}" alt="${alt}">${await layers(before, "was")}${await layers(after, "now")}</span>`;
  return card(entry, view);
}

/** The second text with what is new in it marked and what is gone struck out. */
function difference(before: string, after: string): string {
  const tags = { both: ["", ""], first: ["<del>", "</del>"], second: ["<ins>", "</ins>"] } as const;
  return wordDifference(before, after)
    .map(({ word, of }) => `${tags[of][0]}${escaped(word)}${tags[of][1]}`)
    .join(" ");
}

const textCard = (entry: GalleryEntry<string>): Card =>
  card(
    entry,
    `<span class="view text"><span class="before" hidden>${escaped(entry.before)}</span><span class="after">${difference(entry.before, entry.after)}</span></span>`,
  );

/** A curve through the largest and smallest sample of each step. */
function wave(samples: Float32Array, length: number): string {
  const steps = 200;
  const points = Array.from({ length: steps }, (_, i) => {
    const part = samples.subarray(Math.floor((i * length) / steps), Math.floor(((i + 1) * length) / steps));
    if (part.length === 0) return "";
    const [low, high] = [Math.min(...part), Math.max(...part)];
    const y = (value: number): number => Math.round((50 - 45 * value) * 10) / 10;
    return `${i === 0 ? "M" : "L"}${i} ${y(high)}L${i} ${y(low)}`;
  });
  return `<path d="${points.join("")}"/>`;
}

async function soundCards(): Promise<Card[]> {
  const sounds = gallerySounds().map((entry) => {
    const length = Math.max(entry.before.samples.length, entry.after.samples.length);
    const svg = (className: string, samples: Float32Array): string =>
      `<svg class="${className}" viewBox="0 0 200 100" preserveAspectRatio="none" aria-hidden="true">${wave(samples, length)}</svg>`;
    return card(
      entry,
      `<span class="view wave">${svg("before", entry.before.samples)}${svg("after", entry.after.samples)}</span>`,
    );
  });
  const spectrograms = gallerySpectrograms().map(async (entry) => {
    const [was, now] = [await spectrogramPicture(entry.before), await spectrogramPicture(entry.after)];
    return card(
      entry,
      `<span class="view" style="--before:url(${was})"><span class="before"></span><img class="after" src="${now}" alt="${entry.name}, after"></span>`,
    );
  });
  return [...sounds, ...(await Promise.all(spectrograms))];
}

/**
 * Writes the gallery.
 *
 * @param entries - Of scenes, from `gallery`; text and sound are added.
 * @returns An HTML document, and how many transforms it shows.
 */
export async function galleryPage(
  entries: readonly GalleryEntry<Scene>[],
): Promise<{ readonly html: string; readonly numTransforms: number }> {
  const shared = new Shared();
  const cards: Card[] = [];
  for (const entry of entries) cards.push(await sceneCard(entry, shared));
  cards.push(...galleryTexts().map(textCard), ...(await soundCards()));
  const groups = [...new Set(cards.map(({ group }) => group))];
  const chip = (group: string, title: string, count: number): string =>
    `<button type="button" class="chip" data-group="${group}" aria-pressed="${group === ""}">${title}<span>${count}</span></button>`;
  const of = (group: GalleryGroup): Card[] => cards.filter((each) => each.group === group);
  const sections = groups.map(
    (group) =>
      `<section aria-label="${group}"><h2>${group}<small>${of(group).length}</small></h2><div class="grid">${of(group)
        .map(({ html }) => html)
        .join("\n")}</div></section>`,
  );
  const html = `<!doctype html>
<html lang="en" class="no-masks">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cameo: gallery of transforms</title>
<link rel="icon" href="data:,">
<style>${galleryStyle}</style>
<style>${shared.css}</style>
</head>
<body>
<div class="page">
<header>
<h1>Gallery of transforms</h1>
<p>All ${cards.length} augmentations of Cameo on one picture. Boxes, keypoints, outlines and masks move with the pixels
and are drawn where they do. Point at a card to see the picture before; open it for its parameters and the JSON that repeats it to the byte.</p>
</header>
<div class="bar">
<input id="search" type="search" placeholder="Search: blur, noise, Rotate …" aria-label="Search transforms" autocomplete="off">
<button type="button" class="switch" id="targets" aria-pressed="true">Targets</button>
<button type="button" class="switch" id="masks" aria-pressed="false">Masks</button>
<button type="button" class="switch" id="theme">Light or dark</button>
<div class="chips" role="group" aria-label="Groups">${chip("", "All", cards.length)}${groups.map((group) => chip(group, group, of(group).length)).join("")}</div>
</div>
<main>
${sections.join("\n")}
<p class="empty" hidden>No transform of that name.</p>
</main>
<footer class="keys">Keys: / searches, arrows walk, Enter opens, Escape closes.</footer>
</div>
<dialog aria-labelledby="title"><div class="sheet">
<div class="top"><h3 id="title"></h3>
<button type="button" class="round" id="previous" aria-label="Previous">‹</button>
<button type="button" class="round" id="next" aria-label="Next">›</button>
<button type="button" class="round" id="close" aria-label="Close">×</button></div>
<div class="pair"><figure class="was"><div id="was"></div><figcaption>Before</figcaption></figure>
<figure class="is"><div id="now"></div><figcaption>After</figcaption></figure></div>
<div class="code"><h4>Pipeline</h4><pre id="json" tabindex="0"></pre><button type="button" class="copy" id="copy">Copy</button></div>
<div class="code"><h4>Parameters that were drawn</h4><pre id="params" tabindex="0"></pre></div>
</div></dialog>
<script>${galleryScript}</script>
</body>
</html>
`;
  return { html, numTransforms: cards.length };
}
