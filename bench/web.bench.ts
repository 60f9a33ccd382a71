/**
 * The same training steps in Cameo, TensorFlow.js and jax-js, side by side in Chromium: a table, and with `--json` one object for each row.
 *
 *     npm run bench web -- [--tasks mlp,gpt,cnn] [--rounds 5] [--webgpu] [--json]
 *     npm run bench web -- --serve        only serves the page, for any browser
 *
 * Losses of the first five steps must agree before anything is timed. WebGPU runs in software here, so its row claims nothing.
 */

import { parseArgs } from "node:util";
import { openBrowser } from "../test/browser/browser.ts";
import { serve } from "../test/browser/server.ts";
import type { CompareOptions, Failure, Row } from "./web/compare.ts";
import { rowText } from "./web/row-text.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "mlp,gpt,cnn" },
    rounds: { type: "string", default: "5" },
    webgpu: { type: "boolean", default: false },
    serve: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

/** TensorFlow.js reaches the browser with parts that are no ES modules. */
const core = "@tensorflow/tfjs-core";
const bundled = [core, `${core}/dist/register_all_gradients.js`, "@tensorflow/tfjs-backend-wasm"];
const path = "/bench/web/index.html";

if (values.serve) {
  const server = await serve({ bundled });
  console.log(`${server.origin}${path}`);
  await new Promise(() => {});
}

await using browser = await openBrowser({ bundled });
await using page = await browser.open(path);
const { userAgent, cores } = await page.page.evaluate(() => ({
  userAgent: navigator.userAgent,
  cores: navigator.hardwareConcurrency,
}));
if (!values.json) console.log(`${userAgent}, ${cores} cores`);

const lines = (row: readonly string[]): string =>
  [3, 28, 2, 24, 18].map((width, i) => (i >= 2 ? row[i]?.padStart(width) : row[i]?.padEnd(width))).join("  ");
await page.page.exposeFunction("report", (result: Row | Failure) =>
  console.log(values.json ? JSON.stringify(result) : `${lines(rowText(result))}  ${rowText(result)[5]}`),
);
await page.page.exposeFunction("tell", (message: string) => void (values.json || process.stderr.write(`${message}\n`)));
const options: CompareOptions = {
  tasks: values.tasks.split(",") as CompareOptions["tasks"],
  contenders: ["cameo", "tensorflow", "jax", ...(values.webgpu ? (["cameo-webgpu"] as const) : [])],
  rounds: Number(values.rounds),
};
// As text: the modules are the browser's, not this program's.
await page.page.evaluate(
  `import("/bench/web/compare.ts").then(({ compare }) => compare({ ...${JSON.stringify(options)}, tell, report }))`,
);
