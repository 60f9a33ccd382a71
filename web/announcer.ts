/** Tells screen readers what matters, and nothing twice: phases at once, progress in quarters. */

import { byId } from "./dom.ts";

/** Speaks through the page's live region. */
export interface Announcer {
  /** Says it if `mark` is another one than the last time. */
  announce(mark: number, text: string): void;
  announceNow(text: string): void;
}

export function announcer(): Announcer {
  const region = byId("announcer", HTMLDivElement);
  let marked = 0;
  const announceNow = (text: string): void => {
    region.textContent = text;
  };
  return {
    announceNow,
    announce: (mark, text) => {
      if (mark !== marked && mark > 0) announceNow(text);
      marked = mark;
    },
  };
}
