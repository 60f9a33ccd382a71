/** Signatures of texts beside datasketch. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { documents } from "./_generate.ts";
import type { DataCase } from "./case.ts";

/** The cases. */
export const textCases: readonly DataCase[] = [
  {
    name: "minhash",
    what: "112 minima over word 5-grams of documents of 2,000 words; datasketch hashes one by one, so it gets ten of them",
    unit: "bytes",
    peers: ["datasketch"],
    targets: [{ perSecond: 1e8 }],
    prepare: async (folder) => {
      const { MinHash } = await import("../../data/quality/minhash.ts");
      const texts = documents(1000, 2000);
      const path = join(folder, "documents.json");
      await writeFile(path, JSON.stringify(texts));
      const minHash = new MinHash();
      return {
        setup: { documents: path, peerDocuments: 10 },
        amount: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
        run: () => {
          for (const text of texts) minHash.signature(text);
        },
      };
    },
  },
];
