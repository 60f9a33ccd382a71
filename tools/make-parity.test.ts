import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { wasm } from "../src/ops/targets/wasm.ts";
import { webgpu } from "../src/ops/targets/webgpu.ts";
import { root } from "./_files.ts";
import { operatorKeys, parityPage } from "./make-parity.ts";

const page = readFileSync(resolve(root, parityPage), "utf8");

test("the page of parity has every operator, in order", () => {
  const rows = page.split("\n").filter((line) => /^\| [A-Z]/.test(line));
  expect(rows.map((line) => line.split("|")[1]?.trim())).toEqual(operatorKeys());
});

test("the page and the tables of targets are of the engine that is installed", () => {
  for (const [table, name] of [
    [wasm, "onnxruntime-web"],
    [webgpu, "onnxruntime-node"],
  ] as const) {
    const { version } = JSON.parse(readFileSync(resolve(root, "node_modules", name, "package.json"), "utf8"));
    expect(table.engine).toBe(`ONNX Runtime ${version}`);
    expect(page).toContain(`${table.engine}, ${table.device}`);
  }
});
