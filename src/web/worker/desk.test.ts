import { describe, expect, test } from "vitest";
import type { LoopSession } from "../../train/loop-options.ts";
import type { WebState } from "../web-event.ts";
import { Desk } from "./_desk.ts";

/** A loop of this many steps at a desk; what it does is written down. */
function loopAt(desk: Desk, steps: number, taken: number[]): Promise<void> {
  const session = (step: number, over: boolean) => ({ step, over }) as LoopSession;
  return (async () => {
    let step = 0;
    while (step < steps) {
      await desk.attend(session(step, false));
      if (desk.signal.aborted) break;
      taken.push(++step);
    }
    await desk.attend(session(step, true));
  })();
}

describe("a desk", () => {
  test("lets the loop run, stand still, take a step and go on", async () => {
    const states: WebState[] = [];
    const taken: number[] = [];
    const desk = new Desk(true, (state) => states.push(state));
    const loop = loopAt(desk, 5, taken);
    await desk.pause();
    expect(taken).toEqual([]);
    await Promise.all([desk.step(), desk.step()]);
    expect(taken).toEqual([1, 2]);
    await desk.pause();
    expect(taken).toEqual([1, 2]);
    desk.play();
    await expect.poll(() => taken).toEqual([1, 2, 3, 4, 5]);
    desk.close();
    await loop;
    expect(states).toEqual(["paused", "running"]);
  });

  test("answers when the loop is over, until it is closed", async () => {
    const taken: number[] = [];
    const desk = new Desk(false, () => {});
    const loop = loopAt(desk, 3, taken);
    await expect.poll(() => desk.ask(async ({ over }) => over)).toBe(true);
    expect(taken).toEqual([1, 2, 3]);
    await desk.step(); // there is none left to wait for
    expect(taken).toEqual([1, 2, 3]);
    desk.close();
    await loop;
  });

  test("hands on what fails, and goes on", async () => {
    const taken: number[] = [];
    const desk = new Desk(true, () => {});
    const loop = loopAt(desk, 2, taken);
    await expect(desk.ask(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await desk.step();
    expect(taken).toEqual([1]);
    desk.close();
    await loop;
  });

  test("takes a step that was under way again when the loop begins anew", async () => {
    const desk = new Desk(true, () => {});
    const lost = desk.attend({ step: 0, over: false } as LoopSession);
    const step = desk.step();
    await lost; // the step begins, and its device is lost
    desk.recover();
    const taken: number[] = [];
    const loop = loopAt(desk, 2, taken);
    await step;
    expect(taken).toEqual([1]);
    desk.close();
    await loop;
  });

  test("tells everyone who waits that nothing more will come", async () => {
    const desk = new Desk(true, () => {});
    const asked = [desk.ask(async () => {}), desk.pause(), desk.step()];
    desk.fail(new Error("gone"));
    for (const promise of [...asked, desk.ask(async () => {}), desk.step()])
      await expect(promise).rejects.toThrow("gone");
  });
});
