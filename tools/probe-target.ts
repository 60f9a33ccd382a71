/**
 * Finds out what a target makes of every operator and writes it down: `npm run probe-target -- webgpu` makes `src/ops/targets/webgpu.ts`. Each
 * family of cases is tried in a process of its own, which goes on behind a node that ended or hung the last one. To be run again for every
 * version of the engine; on `webgpu` with the adapter that the machine has, see `test/support/vulkan.ts` for one without a GPU.
 */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { TargetTable } from "../src/ops/target-table.ts";
import { openDevice } from "../src/runtime/device.ts";
import { useSoftwareVulkan } from "../test/support/vulkan.ts";
import { listFiles, root } from "./_files.ts";
import type { Sample } from "./_probe-family.ts";
import { decisionsOf } from "./_target-decisions.ts";

const targets = ["webgpu", "wasm"] as const;
type ProbedTarget = (typeof targets)[number];

/** Time without a line after which a child counts as hung. */
const patienceMs = 60_000;

/** All samples of one family. */
async function probeFamily(target: ProbedTarget, file: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let from = 0; ; ) {
    const { code, printed } = await runChild(target, file, from);
    const last = printed.at(-1);
    const isOver = code === 0;
    // A node that was begun and has no answer is the one that ended the process.
    samples.push(...printed.filter((sample, i) => sample.begun !== true || (!isOver && i === printed.length - 1)));
    if (isOver) return samples;
    if (last === undefined) throw new Error(`probe-target: cannot probe ${file}: the child ended with code ${code}`);
    from = last.row + 1;
  }
}

function runChild(
  target: ProbedTarget,
  file: string,
  from: number,
): Promise<{ code: number | null; printed: Sample[] }> {
  const script = resolve(import.meta.dirname, "_probe-family.ts");
  const url = pathToFileURL(resolve(root, file)).href;
  const child = spawn(process.execPath, ["--conditions=cameo-source", script, target, url, `${from}`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const printed: Sample[] = [];
  let timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  createInterface({ input: child.stdout }).on("line", (line) => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    printed.push(JSON.parse(line) as Sample);
  });
  return new Promise((done) =>
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code, printed });
    }),
  );
}

/** Name and version of the engine that a target uses. */
function engineOf(target: ProbedTarget): string {
  const name = target === "wasm" ? "onnxruntime-web" : "onnxruntime-node";
  const { version } = JSON.parse(readFileSync(resolve(root, "node_modules", name, "package.json"), "utf8"));
  return `ONNX Runtime ${version}`;
}

/** The file's text. */
function written(target: ProbedTarget, table: TargetTable): string {
  const rows = Object.entries(table.operators).map(([key, list]) => {
    const each = list.map((row) => JSON.stringify(row).replace(/"(\w+)":/g, "$1:"));
    return `    ${key}: [${each.join(", ")}],`;
  });
  return `/** What ${target} makes of each operator. Written by \`npm run probe-target -- ${target}\`. */

import type { TargetTable } from "../target-table.ts";

export const ${target}: TargetTable = {
  engine: ${JSON.stringify(table.engine)},
  device: ${JSON.stringify(table.device)},
  hostDTypes: ${JSON.stringify(table.hostDTypes)},
  runs: ${JSON.stringify(table.runs)},
  operators: {
${rows.join("\n")}
  },
};
`;
}

if (import.meta.main) {
  const target = targets.find((name) => name === process.argv[2]);
  if (target === undefined) {
    console.error(`probe-target: cannot probe "${process.argv[2] ?? ""}": must be ${targets.join(" or ")}`);
    process.exit(2);
  }
  const missing = target === "webgpu" ? useSoftwareVulkan() : null;
  if (missing !== null) throw new Error(`probe-target: cannot probe webgpu: ${missing}`);
  const { runtime } = await openDevice({ device: target });
  const device = runtime.description;
  await runtime[Symbol.asyncDispose]();
  const samples: Sample[] = [];
  for (const file of listFiles(root, "src/ops/*.cases.ts")) {
    const found = await probeFamily(target, file);
    console.error(`${basename(file, ".cases.ts")}: ${found.length} nodes`);
    samples.push(...found);
  }
  const table = { engine: engineOf(target), device, ...decisionsOf(samples) };
  const path = resolve(root, `src/ops/targets/${target}.ts`);
  writeFileSync(path, written(target, table));
  spawnSync(resolve(root, "node_modules/.bin/biome"), ["format", "--write", path]);
  console.error(
    `${samples.length} nodes, ${table.runs.length} operators run, ${Object.keys(table.operators).length} not always: ${path}`,
  );
}
