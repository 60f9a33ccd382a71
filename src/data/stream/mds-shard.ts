/**
 * One MDS shard: a count, an offset for each sample and for the end, the configuration as JSON, the samples. A sample is the sizes of
 * its values of varying length, then all its values; every number is a little-endian uint32.
 *
 * @source MosaicML Streaming, streaming/base/format/mds/writer.py (version 0.13).
 */

import type { Cell } from "../table.ts";
import { concatBytes } from "./concat-bytes.ts";
import { FaultError } from "./fault-error.ts";
import type { MdsEncoding } from "./mds-encoding.ts";
import type { ShardLayout } from "./shard-layout.ts";

/** Reads bytes [start, end) of the shard's file; fewer where it ends before. */
type ReadRange = (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Reads the head of a shard and checks it.
 *
 * @param read - Reads the file.
 * @param sizeBytes - Its size.
 * @param numRows - Samples that it has according to the index.
 * @param encodings - Of the columns, in order.
 * @throws FaultError if the file is not that shard.
 */
export async function readMdsLayout(
  read: ReadRange,
  sizeBytes: number,
  numRows: number,
  encodings: readonly MdsEncoding[],
): Promise<ShardLayout> {
  const tableBytes = 4 * (numRows + 2);
  if (sizeBytes === 0) throw new FaultError("empty", "a shard of no bytes");
  if (sizeBytes < tableBytes)
    throw new FaultError("truncated", `${sizeBytes} bytes do not hold the offsets of ${numRows} samples`);
  const head = await read(0, tableBytes);
  if (head.length < tableBytes) throw new FaultError("truncated", "the shard ends inside of its offsets");
  const words = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (words.getUint32(0, true) !== numRows)
    throw new FaultError("syntax", `the index counts ${numRows} samples, the shard ${words.getUint32(0, true)}`, 0);
  const offsets = Uint32Array.from({ length: numRows + 1 }, (_, i) => words.getUint32(4 + 4 * i, true));
  let least = tableBytes;
  for (const [i, offset] of offsets.entries()) {
    if (offset < least || offset > sizeBytes)
      throw new FaultError("syntax", `sample ${i} at byte ${offset}, outside of [${least}, ${sizeBytes}]`, 4 + 4 * i);
    least = offset;
  }
  if (least !== sizeBytes) throw new FaultError("syntax", `${sizeBytes - least} bytes after the last sample`, least);
  const varying = encodings.filter(({ sizeBytes }) => sizeBytes === null).length;
  return {
    numRows,
    begin: (row) => offsets[row] as number,
    end: (row) => offsets[row + 1] as number,
    decode: (row, bytes, columns) => decodeSample(bytes, encodings, columns, varying, offsets[row] as number),
  };
}

function decodeSample(
  bytes: Uint8Array<ArrayBuffer>,
  encodings: readonly MdsEncoding[],
  columns: readonly number[],
  varying: number,
  begin: number,
): Cell[] {
  let at = 4 * varying;
  if (at > bytes.length) throw new FaultError("truncated", "a sample ends inside of its sizes", begin);
  const cells: Cell[] = [];
  let sizeAt = 0;
  let wanted = 0;
  for (let i = 0; i < encodings.length; i++) {
    const encoding = encodings[i] as MdsEncoding;
    let size = encoding.sizeBytes;
    if (size === null) {
      const b = sizeAt;
      size =
        (bytes[b] as number) +
        (bytes[b + 1] as number) * 0x100 +
        (bytes[b + 2] as number) * 0x10000 +
        (bytes[b + 3] as number) * 0x1000000;
      sizeAt += 4;
    }
    const end = at + size;
    if (end > bytes.length) throw new FaultError("truncated", "a value ends past its sample", begin + at);
    if (columns[wanted] === i) {
      cells.push(encoding.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + at, size)));
      wanted++;
    }
    at = end;
  }
  if (at !== bytes.length) throw new FaultError("syntax", `${bytes.length - at} bytes after a sample's values`, begin);
  return cells;
}

/** A sample as MDS writes it. `values` are encoded, in the order of the columns; `fixed` tells which have one size. */
export function encodeMdsSample(values: readonly Uint8Array[], fixed: readonly boolean[]): Uint8Array {
  const sizes = values.filter((_, i) => fixed[i] !== true);
  const head = new DataView(new ArrayBuffer(4 * sizes.length));
  for (const [i, value] of sizes.entries()) head.setUint32(4 * i, value.length, true);
  return concatBytes([new Uint8Array(head.buffer), ...values]);
}

/**
 * A whole shard.
 *
 * @param samples - From {@link encodeMdsSample}.
 * @param config - The configuration, as JSON text.
 */
export function encodeMdsShard(samples: readonly Uint8Array[], config: string): Uint8Array<ArrayBuffer> {
  const configBytes = Buffer.from(config, "utf8");
  const head = new DataView(new ArrayBuffer(4 * (samples.length + 2)));
  head.setUint32(0, samples.length, true);
  let offset = head.byteLength + configBytes.length;
  for (const [i, sample] of samples.entries()) {
    head.setUint32(4 + 4 * i, offset, true);
    offset += sample.length;
  }
  head.setUint32(4 + 4 * samples.length, offset, true);
  return concatBytes([new Uint8Array(head.buffer), configBytes, ...samples]);
}
