/** Streaming of shards from a warm local disk, every byte touched, beside the libraries that the formats are of. */

import { createHash, randomFillSync } from "node:crypto";
import { FaultLog } from "../../data/fault.ts";
import type { Source } from "../../data/source/source.ts";
import type { Field, TableSlice } from "../../data/table.ts";
import type { DataCase } from "./case.ts";

const sizes = { "10kB": 10_000, "100kB": 100_000 } as const;
/** What one pass reads [bytes]. */
const setBytes = 2e8;

const formats = {
  tar: { format: "webdataset", column: "data.bin", peers: ["webdataset"] },
  mds: { format: "mds", column: "data", peers: ["streaming.StreamingDataset", "streaming.LocalDataset"] },
} as const;

/** Rows of random bytes, made as they are read. */
function randomRows(count: number, sampleBytes: number): Source {
  const schema: Field[] = [{ name: "data", type: "bytes", nullable: false }];
  return {
    format: "random",
    location: "random",
    files: [],
    schema,
    numRows: count,
    sizeBytes: count * sampleBytes,
    fingerprint: `random ${count} ${sampleBytes}`,
    faults: new FaultLog(),
    async *read({ start = 0, end = count } = {}): AsyncGenerator<TableSlice> {
      for (let row = start; row < end; row++) {
        const cell = randomFillSync(new Uint8Array(sampleBytes));
        yield { numRows: 1, rows: Float64Array.of(row), columns: { data: [cell] } };
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function shardCase(kind: keyof typeof formats, size: keyof typeof sizes): DataCase {
  const { format, column, peers } = formats[kind];
  const count = setBytes / sizes[size];
  return {
    name: `${kind}-${size}`,
    what: `samples of ${size} read in order from ${format} shards of 64 MB`,
    unit: "samples",
    peers,
    targets: peers.slice(0, 1).map((peer) => ({ peer, ratio: 3 })),
    prepare: async (folder) => {
      const { openSource } = await import("../../data/source/open.ts");
      const { writeShards } = await import("../../data/stream/write-shards.ts");
      await writeShards(randomRows(count, sizes[size]), { format, folder });
      const source = await openSource(folder);
      const cells = async function* (): AsyncGenerator<Uint8Array> {
        for await (const { columns } of source.read({ columns: [column] }))
          for (const cell of columns[column] as readonly Uint8Array[]) yield cell;
      };
      return {
        setup: { folder, count },
        amount: count,
        run: async () => {
          let sum = 0;
          for await (const { columns } of source.read({ columns: [column] }))
            for (const cell of columns[column] as readonly Uint8Array[]) sum += cell.length;
          return sum;
        },
        digest: async () => {
          const hash = createHash("sha256");
          for await (const cell of cells()) hash.update(cell);
          return hash.digest("hex");
        },
      };
    },
  };
}

/** The cases. */
export const shardCases: readonly DataCase[] = (["tar", "mds"] as const).flatMap((kind) =>
  (["10kB", "100kB"] as const).map((size) => shardCase(kind, size)),
);
