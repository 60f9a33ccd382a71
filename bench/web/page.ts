/** The page of the benchmark: a button and a table. */

import { compare, type Failure, type Row } from "./compare.ts";
import { rowText } from "./row-text.ts";
import { taskNames } from "./tasks.ts";

const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;

function show(result: Row | Failure): void {
  const row = document.createElement("tr");
  for (const [index, text] of rowText(result).entries()) {
    const cell = row.insertCell();
    cell.textContent = text;
    if (index >= 2 && index <= 4) cell.className = "number";
  }
  find("rows").append(row);
}

const button = find("run") as HTMLButtonElement;
button.addEventListener("click", async () => {
  button.disabled = true;
  find("rows").replaceChildren();
  const tell = (message: string): void => {
    find("state").textContent = message;
  };
  const contenders = ["cameo", "tensorflow", "jax", "cameo-webgpu"] as const;
  await compare({ tasks: taskNames, contenders, rounds: 5, tell, report: show });
  tell("done");
  button.disabled = false;
});
