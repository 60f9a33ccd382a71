/**
 * A page that trains a small GPT on a text and lets it write. From a clone: `npx vite examples/web-vite`
 * In an application of your own: `npm install cameo onnxruntime-web`, and the settings of vite.config.ts.
 */

import { trainGpt } from "cameo/web";

const find = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const [text, steps, button] = [
  find<HTMLTextAreaElement>("text"),
  find<HTMLInputElement>("steps"),
  find<HTMLButtonElement>("train"),
];
text.value = "the quick brown fox jumps over the lazy dog. ".repeat(40);

async function train(): Promise<void> {
  find("written").textContent = "";
  const recipe = {
    tokenizer: "character",
    layers: 2,
    heads: 2,
    width: 64,
    context: 32,
    steps: Number(steps.value),
  } as const;
  await using run = trainGpt({ text: text.value, recipe });
  for await (const event of run) {
    if (event.type === "start")
      find("state").textContent = `${event.parameters} parameters on ${event.engine ?? event.device}`;
    if (event.type === "step") find("state").textContent = `step ${event.step}: loss ${event.loss.toFixed(3)}`;
  }
  for await (const piece of run.generate("the ", { tokens: 100 })) find("written").append(piece);
}

button.addEventListener("click", async () => {
  button.disabled = true;
  await train().catch((error: Error) => {
    find("state").textContent = error.message;
  });
  button.disabled = false;
});
