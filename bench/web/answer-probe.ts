/** How long a page takes to answer: from the moment that the browser gets a key or a click to the next frame. */

import type { Page } from "playwright-core";

/** Presses keys and clicks, and measures. */
export interface AnswerProbe {
  /** Answer times since the last call [ms]. */
  taken(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/**
 * Starts.
 *
 * @param keysInto - Selector of a text field that letters go into, and out of again.
 * @param clicksOn - Selector of something that may be clicked any number of times.
 * @param everyMs - Time from one event to the next.
 */
export async function answerProbe(page: Page, keysInto: string, clicksOn: string, everyMs = 250): Promise<AnswerProbe> {
  await page.evaluate(() => {
    const times: number[] = [];
    (globalThis as unknown as { answerTimes: number[] }).answerTimes = times;
    const measure = ({ timeStamp }: Event): void => {
      // The frame with the answer is made after this callback; the message comes after the frame.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => void times.push(performance.now() - timeStamp);
        port2.postMessage(null);
      });
    };
    for (const type of ["keydown", "click"]) addEventListener(type, measure, { capture: true });
  });
  let going = true;
  const play = async (): Promise<void> => {
    for (let i = 0; going; i++) {
      const next = new Promise((resolve) => setTimeout(resolve, everyMs));
      if (i % 2 === 1) await page.click(clicksOn, { force: true, noWaitAfter: true });
      else {
        if (i % 4 === 0) await page.focus(keysInto);
        await page.keyboard.press(i % 4 === 0 ? "a" : "Backspace");
      }
      await next;
    }
  };
  const playing = play();
  playing.catch(() => {}); // `stop` tells it
  return {
    taken: () => page.evaluate(() => (globalThis as unknown as { answerTimes: number[] }).answerTimes.splice(0)),
    stop: async () => {
      going = false;
      await playing;
    },
  };
}
