/**
 * A pass over the headers of a tar archive, without its contents: POSIX ustar and pax, and GNU's long names and large sizes.
 *
 * @source IEEE Std 1003.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
 */

import { FaultError } from "./fault-error.ts";

/** A regular file in the archive. */
export interface TarMember {
  readonly name: string;
  /** First byte of its content in the archive. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Why a member is passed over, or where and why the pass ends. */
export interface TarFault {
  readonly error: FaultError;
  readonly name?: string;
  /** Samples that it costs. @defaultValue 0 */
  readonly numRows?: number;
}

const blockBytes = 512;
/** Names and pax records longer than this are an attack, or no tar. */
const extensionLimit = 1 << 20;
/** The archive. */
interface TarFile {
  readonly sizeBytes: number;
  /** Bytes that are worth reading at once. A member's content beyond them is not read. */
  readonly windowBytes: number;
  /** Bytes [start, end), in `into`; fewer where it ends before. */
  read(
    start: number,
    end: number,
    options: { readonly into: Uint8Array<ArrayBuffer> },
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** The same without waiting, where that is possible. */
  readNow?(start: number, end: number, into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** Time after which a pass that does not wait lets others have their turn [ms]. */
const turnMs = 20;

/** Bytes that are read where members are large: a few headers, and what is left out is not read at all. */
const smallWindowBytes = 1 << 12;
/** A member of so many bytes is large, unless a window holds many of them. */
const largeMemberBytes = 1 << 15;

const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

/**
 * Goes through an archive.
 *
 * @param file - The archive.
 * @param onMember - Called for each regular file, in order.
 * @param onFault - Called for what is refused: links, devices, names that leave the folder; and for what ends the pass early.
 */
export async function scanTar(
  file: TarFile,
  onMember: (member: TarMember) => void,
  onFault: (fault: TarFault) => void,
): Promise<void> {
  const { sizeBytes, windowBytes } = file;
  if (sizeBytes === 0) return onFault({ error: new FaultError("empty", "an archive of no bytes") });
  let room = new Uint8Array(Math.min(sizeBytes, windowBytes));
  let window = room.subarray(0, 0);
  let windowStart = 0;
  let largest = 0;
  let turnBegun = performance.now();
  /** Bytes [start, end), from the window where it has them. */
  const bytesAt = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (start < windowStart || end > windowStart + window.length) {
      const isSparse = largest >= Math.max(largeMemberBytes, windowBytes >> 4);
      const stop = Math.min(sizeBytes, Math.max(end, start + (isSparse ? smallWindowBytes : windowBytes)));
      if (stop - start > room.length) room = new Uint8Array(stop - start);
      if (file.readNow === undefined) window = await file.read(start, stop, { into: room });
      else {
        window = file.readNow(start, stop, room);
        if (performance.now() - turnBegun > turnMs) {
          await new Promise((resolve) => setImmediate(resolve));
          turnBegun = performance.now();
        }
      }
      windowStart = start;
      largest = 0;
    }
    return window.subarray(start - windowStart, end - windowStart);
  };

  let at = 0;
  let longName: string | undefined;
  let records: ReadonlyMap<string, string> = new Map();
  let globals: ReadonlyMap<string, string> = new Map();
  while (at + blockBytes <= sizeBytes) {
    // Without awaiting where the window has the block: this is the inner loop.
    const inside = at >= windowStart && at + blockBytes <= windowStart + window.length;
    const header = inside
      ? window.subarray(at - windowStart, at - windowStart + blockBytes)
      : await bytesAt(at, at + blockBytes);
    if (header.length < blockBytes) break;
    if (header[0] === 0 && header.every((byte) => byte === 0)) return;
    const headerAt = at;
    let size: number;
    try {
      checkSum(header, at);
      size = numberAt(header, 124, 12, at);
      const declared = records.get("size") ?? globals.get("size");
      if (declared !== undefined) size = decimal(declared, at);
    } catch (error) {
      return onFault({ error: error as FaultError });
    }
    const type = String.fromCharCode(header[156] as number);
    const dataAt = at + blockBytes;
    at = dataAt + Math.ceil(size / blockBytes) * blockBytes;
    largest = Math.max(largest, size);
    if (dataAt + size > sizeBytes) {
      const detail = `a member of ${size} bytes at byte ${dataAt} ends past the archive's ${sizeBytes}`;
      return onFault({ error: new FaultError("truncated", detail, headerAt) });
    }
    if (type === "L" || type === "K" || type === "x" || type === "g") {
      if (size > extensionLimit) {
        const detail = `a name or record of ${size} bytes, more than ${extensionLimit}`;
        return onFault({ error: new FaultError("bomb", detail, headerAt) });
      }
      const content = await bytesAt(dataAt, dataAt + size);
      if (type === "L") longName = utf8.decode(content.subarray(0, lengthOf(content)));
      if (type === "K") continue; // a link's target: links are refused whatever they name
      if (type === "x" || type === "g") {
        const found = paxRecords(content);
        if (found === null) return onFault({ error: new FaultError("syntax", "a pax record that is none", headerAt) });
        if (type === "x") records = found;
        else globals = new Map([...globals, ...found]);
      }
      continue;
    }
    const name = records.get("path") ?? longName ?? globals.get("path") ?? nameOf(header);
    const isSparse = [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
    longName = undefined;
    records = new Map();
    if (type === "5") continue;
    const refused = reasonToRefuse(type, name, isSparse);
    if (refused !== undefined) onFault({ error: new FaultError("unsafe-path", refused, headerAt), name });
    else onMember({ name, offset: dataAt, sizeBytes: size });
  }
  onFault({ error: new FaultError("truncated", "the archive ends without its two blocks of zeros", at) });
}

const isFile = (type: string): boolean => type === "0" || type === "\0" || type === "7";

/** Why a member must not be used, if so. */
function reasonToRefuse(type: string, name: string, isSparse: boolean): string | undefined {
  const shown = JSON.stringify(name.slice(0, 80));
  if (!isFile(type) || isSparse)
    return `${shown} is of type ${JSON.stringify(isSparse ? "sparse" : type)}, no regular file`;
  if (/^[/\\]|^[A-Za-z]:/.test(name)) return `${shown} is an absolute name`;
  if (name.includes("..") && name.split(/[/\\]/).includes("..")) return `${shown} leaves its folder`;
  return name.includes("\0") ? `${shown} has a zero byte` : undefined;
}

function lengthOf(field: Uint8Array): number {
  const end = field.indexOf(0);
  return end === -1 ? field.length : end;
}

function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const content = field.subarray(0, lengthOf(field));
  // Most names are ASCII, which latin1 decodes several times faster.
  return content.some((byte) => byte >= 0x80) ? utf8.decode(content) : latin1.decode(content);
}

/** The name of a header, with ustar's prefix. GNU's own headers, whose magic ends in a space, have other fields there. */
function nameOf(header: Uint8Array): string {
  const name = text(header, 0, 100);
  const isUstar = header[257] === 0x75 && header[262] === 0;
  const prefix = isUstar && header[345] !== 0 ? text(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The sum of the header's bytes, its own field read as spaces; ancient tars summed signed bytes. */
function checkSum(header: Uint8Array, at: number): void {
  let sum = 0;
  let signed = 0;
  for (let i = 0; i < blockBytes; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (header[i] as number);
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = numberAt(header, 148, 8, at);
  if (stated !== sum && stated !== signed) throw new FaultError("checksum", "a block that is no tar header", at);
}

/** An octal number, or GNU's binary form of one that does not fit. */
function numberAt(header: Uint8Array, start: number, length: number, at: number): number {
  let value = 0;
  if ((header[start] as number) & 0x80) {
    if (header[start] !== 0x80) throw new FaultError("range", "a negative size", at);
    for (let i = start + 1; i < start + length; i++) value = value * 256 + (header[i] as number);
  } else {
    let digits = 0;
    for (let i = start; i < start + length; i++) {
      const digit = (header[i] as number) - 0x30;
      if (digit >= 0 && digit < 8) {
        value = value * 8 + digit;
        digits++;
      } else if (digits > 0) break;
      else if (header[i] !== 0x20 && header[i] !== 0) throw new FaultError("syntax", "a number that is not octal", at);
    }
  }
  if (!Number.isSafeInteger(value)) throw new FaultError("range", "a size of more than 2^53 bytes", at);
  return value;
}

function decimal(digits: string, at: number): number {
  const value = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new FaultError("range", `a pax size of ${JSON.stringify(digits.slice(0, 40))}`, at);
}

/** Records `"<length> <key>=<value>\n"`, or null where one is malformed. */
function paxRecords(content: Uint8Array): Map<string, string> | null {
  const records = new Map<string, string>();
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(latin1.decode(content.subarray(at, Math.min(space, at + 20))));
    const end = at + length;
    if (!Number.isInteger(length) || end > content.length || end <= space + 1 || content[end - 1] !== 0x0a) return null;
    const equals = content.indexOf(0x3d, space);
    if (equals === -1 || equals >= end) return null;
    records.set(utf8.decode(content.subarray(space + 1, equals)), utf8.decode(content.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}
