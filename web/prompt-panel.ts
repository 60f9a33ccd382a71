/** The box in which the model goes on from what a visitor writes. */

import type { WebRun } from "cameo/web";
import { byId, coalesced, isOff, make, setOff, setText } from "./dom.ts";

/** Tokens that are written at a time. */
const tokens = 200;

/**
 * @param run - The run to ask, if there is one.
 * @param failed - Told when it cannot write.
 * @returns To call when the view has changed.
 */
export function promptPanel(run: () => WebRun | undefined, failed: (error: unknown) => void): () => void {
  const [form, prompt] = [byId("prompt-form", HTMLFormElement), byId("prompt", HTMLInputElement)];
  const [button, temperature] = [byId("write", HTMLButtonElement), byId("temperature", HTMLInputElement)];
  const written = byId("written", HTMLDivElement);
  const hint = make("span", { className: "empty" }, "Train a little, then let it write.");
  written.append(hint);
  let current: AsyncIterator<string> | undefined;
  let seed = 0;
  let pending = "";
  let text: Text | undefined;

  // Tokens may come faster than frames: they are gathered, and drawn together.
  const draw = coalesced(() => {
    text?.appendData(pending);
    pending = "";
    written.scrollTop = written.scrollHeight;
  });
  const write = async (asked: WebRun): Promise<void> => {
    const given = prompt.value;
    pending = "";
    text = new Text();
    written.replaceChildren(make("span", { className: "given" }, given), text);
    written.ariaBusy = "true";
    const stream = asked.generate(given, { tokens, temperature: temperature.valueAsNumber, seed: ++seed });
    const iterator = stream[Symbol.asyncIterator]();
    current = iterator;
    setText(button, "Stop");
    try {
      for (let next = await iterator.next(); next.done !== true && current === iterator; next = await iterator.next()) {
        pending += next.value;
        draw();
      }
    } catch (error) {
      if (current === iterator) failed(error);
    } finally {
      if (current === iterator) {
        current = undefined;
        written.ariaBusy = "false";
        setText(button, "Write");
      }
    }
  };
  const stop = (): void => {
    void current?.return?.();
    current = undefined;
    written.ariaBusy = "false";
    setText(button, "Write");
  };

  temperature.addEventListener("input", () =>
    setText(byId("temperature-value", HTMLOutputElement), temperature.valueAsNumber.toFixed(1)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = run();
    if (isOff(button) || asked === undefined) return;
    if (current === undefined) void write(asked);
    else stop();
  });
  return coalesced(() => {
    const isReady = run() !== undefined;
    setOff(button, !isReady);
    if (!isReady && current !== undefined) stop();
  });
}
