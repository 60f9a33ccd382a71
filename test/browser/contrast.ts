/// <reference lib="dom" />
/** Measures how well the texts of a page can be read; runs in the page. */

/** A text that is hard to read. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
  readonly color: string;
  readonly ground: string;
}

/**
 * Texts whose contrast to what lies behind them is below a ratio, by the formula of WCAG 2.2. Controls that are switched off are left out,
 * as there.
 *
 * @param least - 4.5 for text of usual size.
 */
export function faintTexts(least: number): FaintText[] {
  const context = new OffscreenCanvas(1, 1).getContext("2d", {
    willReadFrequently: true,
  }) as OffscreenCanvasRenderingContext2D;
  /** Red, green, blue of colours laid over each other, the first at the bottom. */
  const painted = (colors: readonly string[]): number[] => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb: readonly number[]): number => {
    const [red, green, blue] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const found: FaintText[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement as Element;
    const text = node.textContent?.trim() ?? "";
    if (text === "" || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(":disabled, [aria-disabled='true'], label:has(:disabled), option") !== null) continue;
    const grounds: string[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement)
      grounds.unshift(getComputedStyle(at).backgroundColor);
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    const [front, back] = [luminance(painted([...grounds, color])), luminance(painted(grounds))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < least) found.push({ text: text.slice(0, 40), ratio, color, ground: grounds.join(" ") });
  }
  return found;
}
