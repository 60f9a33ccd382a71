/** Blosc chunks beside c-blosc on one thread. */

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { columns } from "./_generate.ts";
import type { DataCase } from "./case.ts";

/** Levels that trainers use: fast ones. Both sides get the same. */
const levels = { lz4: 5, zstd: 1 } as const;

/** What is measured: `decode-into` expands into memory that is kept, as a loader does, where `decode` makes new memory each time. */
const operations = {
  encode: "encode",
  decode: "decode into new memory",
  "decode-into": "decode into memory that is kept",
} as const;

function codecCase(codec: "lz4" | "zstd", operation: keyof typeof operations, kind: string): DataCase {
  const column = columns[kind] as (typeof columns)[string];
  const options = { codec, level: levels[codec], shuffle: "byte", typeSize: column.typeSize } as const;
  return {
    name: `${codec}-${operation}-${kind}`,
    what: `${operations[operation]}: 16 MiB of ${kind} as a Blosc chunk, ${codec} level ${levels[codec]}, byte shuffle over ${column.typeSize}`,
    unit: "bytes",
    peers: ["blosc"],
    targets: [{ peer: "blosc", ratio: 0.6 }],
    prepare: async (folder) => {
      const { decodeBlosc, encodeBlosc } = await import("../../data/codec/blosc.ts");
      const raw = column.make();
      const data = join(folder, "data.bin");
      await writeFile(data, raw);
      const chunk = encodeBlosc(raw, options);
      const output = new Uint8Array(raw.length);
      return {
        setup: { data, ...options },
        amount: raw.length,
        run: {
          encode: () => encodeBlosc(raw, options),
          decode: () => decodeBlosc(chunk),
          "decode-into": () => decodeBlosc(chunk, { output }),
        }[operation],
        digest: () => createHash("sha256").update(decodeBlosc(chunk)).digest("hex"),
      };
    },
  };
}

/** The cases. */
export const codecCases: readonly DataCase[] = Object.keys(columns).flatMap((kind) =>
  (["lz4", "zstd"] as const).flatMap((codec) =>
    (["encode", "decode", "decode-into"] as const).map((operation) => codecCase(codec, operation, kind)),
  ),
);
