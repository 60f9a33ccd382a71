/** Finding and making elements, with their types. */

/** The element with an id, which the page's HTML holds. */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind))
    throw new TypeError(`playground: cannot find #${id}: the page has no such ${kind.name}`);
  return found;
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets a text only where it differs, so that nothing is laid out anew in vain. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Switches a button off without taking the focus from it: a button that is `disabled` drops the focus of whoever just pressed it. Its
 * listener must ask {@link isOff}.
 */
export function setOff(button: HTMLButtonElement, off: boolean): void {
  if (isOff(button) !== off) button.setAttribute("aria-disabled", String(off));
}

export const isOff = (button: HTMLButtonElement): boolean => button.getAttribute("aria-disabled") === "true";

/** Offers a file for download. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Draws at most once in an animation frame, and not before `everyMs` have passed since the last time, however often it is asked to.
 *
 * @param draw - Brings the page up to date.
 * @param everyMs - Shortest time between two drawings [ms].
 * @returns Asks for a drawing.
 */
export function coalesced(draw: () => void, everyMs = 0): () => void {
  let isWaiting = false;
  let drawnMs = Number.NEGATIVE_INFINITY;
  const frame = (): void => {
    isWaiting = false;
    drawnMs = performance.now();
    draw();
  };
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    const restMs = drawnMs + everyMs - performance.now();
    if (restMs > 0) setTimeout(() => requestAnimationFrame(frame), restMs);
    else requestAnimationFrame(frame);
  };
}
