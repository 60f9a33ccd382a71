/** The members of a zip archive, found through its central directory (APPNOTE 6.3.10), zip64 included. */

import { constants, crc32, inflateRawSync } from "node:zlib";
import { messageOf } from "../../base/errors.ts";
import type { FaultCode } from "../fault.ts";
import { ReadError } from "../store/read-error.ts";
import { type ByteRanges, memoryRanges, partOf, unpackedRanges } from "./_byte-ranges.ts";

/** One file of an archive. */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated; no other is read. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** First byte of the member's local header. */
  readonly start: number;
}

/** A limit on what a deflated member may be. */
export interface ZipLimits {
  /** Most bytes of a member. @defaultValue 2 ** 31 */
  readonly maxBytes?: number | undefined;
  /** Most bytes for each packed one. Deflate cannot exceed 1,032. @defaultValue 1100 */
  readonly maxRatio?: number | undefined;
}

const endSize = 22;
const longestComment = 65535;
/** Packed bytes from which the header of an array can be inflated. */
const headBytes = 4096;
/** Bytes of a directory; archives of millions of members are not meant for this. */
const mostDirectoryBytes = 2 ** 26;

function broken(source: string, detail: string): ReadError {
  return new ReadError({ code: "syntax", source, detail }, "must be a zip archive");
}

/** The members, in the order of the directory. Throws ReadError. */
export async function readZipDirectory(ranges: ByteRanges): Promise<ZipMember[]> {
  const { source, sizeBytes } = ranges;
  const tail = await ranges.read(Math.max(0, sizeBytes - endSize - longestComment), sizeBytes);
  const view = new DataView(tail.buffer);
  let end = tail.length - endSize;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (sizeBytes === 0) throw new ReadError({ code: "empty", source, detail: "0 bytes" }, "must be a zip archive");
  if (end < 0)
    throw new ReadError(
      { code: "truncated", source, detail: "no directory at its end" },
      "must be a whole zip archive",
    );
  let [count, size, start] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    const at = sizeBytes - tail.length + end - 20;
    const locator = new DataView((await ranges.read(at, at + 20)).buffer);
    if (locator.getUint32(0, true) !== 0x07064b50) throw broken(source, "a zip64 directory is announced and missing");
    const recordAt = Number(locator.getBigUint64(8, true));
    const record = new DataView((await ranges.read(recordAt, recordAt + 56)).buffer);
    if (record.getUint32(0, true) !== 0x06064b50) throw broken(source, "a zip64 directory is announced and missing");
    [count, size, start] = [32, 40, 48].map((field) => Number(record.getBigUint64(field, true))) as [
      number,
      number,
      number,
    ];
  }
  if (size > mostDirectoryBytes) throw broken(source, `a directory of ${size} bytes`);
  return parseDirectory(await ranges.read(start, start + size), count, source);
}

function parseDirectory(bytes: Uint8Array<ArrayBuffer>, count: number, source: string): ZipMember[] {
  const view = new DataView(bytes.buffer);
  const members: ZipMember[] = [];
  let at = 0;
  try {
    for (; members.length < count; ) {
      if (view.getUint32(at, true) !== 0x02014b50) throw broken(source, `no member at byte ${at} of the directory`);
      const flags = view.getUint16(at + 8, true);
      const [nameSize, extraSize, commentSize] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
      const nameEnd = at + 46 + (nameSize as number);
      const extraEnd = nameEnd + (extraSize as number);
      const [sizeBytes, packedBytes, start] = zip64(view, nameEnd, extraEnd, [
        view.getUint32(at + 24, true),
        view.getUint32(at + 20, true),
        view.getUint32(at + 42, true),
      ]);
      members.push({
        name: new TextDecoder(flags & 0x800 ? "utf-8" : "latin1").decode(bytes.subarray(at + 46, nameEnd)),
        method: view.getUint16(at + 10, true),
        isEncrypted: (flags & 1) === 1,
        crc: view.getUint32(at + 16, true),
        packedBytes,
        sizeBytes,
        start,
      });
      at = extraEnd + (commentSize as number);
    }
  } catch (error) {
    if (error instanceof RangeError) throw broken(source, `the directory ends inside member ${members.length}`);
    throw error;
  }
  return members;
}

/** Size, packed size and start of a member: those that do not fit 32 bits stand in its extra field, in this order. */
function zip64(view: DataView, from: number, end: number, fields: [number, number, number]): [number, number, number] {
  for (let at = from; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let value = at + 4;
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      value += 8;
      return Number(view.getBigUint64(value - 8, true));
    }) as [number, number, number];
  }
  return fields;
}

/** Where the content begins: the local header has a name and an extra field of its own, of other lengths than in the directory. */
async function dataStartOf(archive: ByteRanges, { name, start }: ZipMember): Promise<number> {
  const local = new DataView((await archive.read(start, start + 30)).buffer);
  if (local.getUint32(0, true) === 0x04034b50)
    return start + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  throw broken(`${archive.source}/${name}`, `no member at byte ${start}`);
}

/** The content of a member. A stored one is read by range; a deflated one is inflated when it is first read, and checked. */
export async function openZipMember(
  archive: ByteRanges,
  member: ZipMember,
  limits: ZipLimits = {},
): Promise<ByteRanges> {
  const source = `${archive.source}/${member.name}`;
  const { maxBytes = 2 ** 31, maxRatio = 1100 } = limits;
  const { method, packedBytes, sizeBytes } = member;
  if (member.isEncrypted || (method !== 0 && method !== 8)) {
    const detail = member.isEncrypted ? "it is encrypted" : `method ${method}`;
    throw new ReadError({ code: "decode", source, detail }, "must be stored or deflated");
  }
  const dataStart = await dataStartOf(archive, member);
  if (method === 0) {
    if (sizeBytes === packedBytes) return partOf(archive, source, dataStart, sizeBytes);
    throw broken(source, `stored with ${packedBytes} bytes of ${sizeBytes}`);
  }
  if (sizeBytes > maxBytes || sizeBytes > packedBytes * maxRatio) {
    const detail = `${packedBytes} bytes unpack to ${sizeBytes}`;
    const rule = sizeBytes > maxBytes ? `may have ${maxBytes} bytes` : `may unpack to ${maxRatio} times its size`;
    throw new ReadError({ code: "bomb", source, detail }, rule);
  }
  return unpackedRanges(source, sizeBytes, async (signal) =>
    inflate(await archive.read(dataStart, dataStart + packedBytes, signal), member, source),
  );
}

/**
 * The first bytes of a member, for those who want its header only: of a deflated one what a few kilobytes hold, not checked. Damage shows
 * when the member is read.
 */
export async function zipMemberHead(archive: ByteRanges, member: ZipMember, limits: ZipLimits): Promise<ByteRanges> {
  const content = await openZipMember(archive, member, limits);
  if (member.method === 0) return content;
  const dataStart = await dataStartOf(archive, member);
  const packed = await archive.read(dataStart, dataStart + Math.min(member.packedBytes, headBytes));
  return memoryRanges(content.source, inflateSome(packed));
}

/** What a piece from the start of a deflated member holds. Broken data shows when the rest is read. */
function inflateSome(packed: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1100 * headBytes });
  } catch {
    return new Uint8Array();
  }
}

/** Never more bytes than the member claims. */
function inflate(packed: Uint8Array, { sizeBytes, crc }: ZipMember, source: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    const code = faultCodes[(cause as NodeJS.ErrnoException).code ?? ""] ?? "decode";
    const detail = code === "bomb" ? `inflates to more than the ${sizeBytes} bytes it claims` : messageOf(cause);
    throw new ReadError({ code, source, detail }, "must be deflated data of that size", { cause });
  }
  if (bytes.length !== sizeBytes) {
    const detail = `inflates to ${bytes.length} bytes, the directory says ${sizeBytes}`;
    throw new ReadError({ code: "truncated", source, detail }, "must agree");
  }
  if (crc32(bytes) !== crc) {
    const detail = "the content differs from what was stored";
    throw new ReadError({ code: "checksum", source, detail }, "must agree with its CRC-32");
  }
  return bytes;
}

/** Faults by the errors of zlib. */
const faultCodes: Readonly<Record<string, FaultCode>> = { ERR_BUFFER_TOO_LARGE: "bomb", Z_BUF_ERROR: "truncated" };
