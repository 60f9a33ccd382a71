/**
 * Streams batches as a process of its own: `stream-child.ts <spec as JSON> <options as JSON>`. Appends a line of JSON for each batch to
 * `options.log`: its number, the ids in it, its order hash.
 */

import { appendFileSync } from "node:fs";
import { formatOrderHash } from "../../src/data/stream/order-hash.ts";
import { streamDataset } from "../../src/data/stream/stream-dataset.ts";

const [spec, options] = process.argv.slice(2).map((text) => JSON.parse(text));
const { log, start, end, batchSize, pauseMs = 0, ...rest } = options;
await using data = await streamDataset(spec, rest);
let index = start;
for await (const batch of data.batches({ batchSize, start, end })) {
  const ids = [...(batch.id ?? [])].map(Number);
  const hash = formatOrderHash(data.order.hashOf(batch) as bigint);
  if (log !== undefined) appendFileSync(log, `${JSON.stringify({ index, ids, hash })}\n`);
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  index++;
}
console.log(JSON.stringify({ peakRssBytes: process.resourceUsage().maxRSS * 1024 }));
