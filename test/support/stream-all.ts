/** Streams one epoch of shards with an `id` and a `text` through worker threads, and says how many samples came. */

import { streamDataset } from "cameo/data/stream";

const location = process.argv[2] as string;
const map = { module: new URL("./text-length.ts", import.meta.url).href, columns: ["text"] };
await using data = await streamDataset({ sources: [{ location }], map }, { workers: 2, prefetchBytes: 2 ** 26 });
const batchSize = 256;
const batches = Math.floor(data.epochSize / batchSize);
let characters = 0;
for await (const { length } of data.batches({ batchSize, end: batches }))
  characters += (length as Float32Array).reduce((sum, each) => sum + each, 0);
console.log(JSON.stringify({ samples: batches * batchSize, characters }));
