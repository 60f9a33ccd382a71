/**
 * Writes tar archives that every reader takes: ustar, with a pax record before a file whose name does not fit.
 *
 * @source IEEE Std 1003.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format".
 */

/** One file of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** Kind of member, as ustar names it. @defaultValue "0", a regular file */
  readonly type?: string;
}

const blockBytes = 512;
const toUtf8 = new TextEncoder();

/** Bytes of an archive that end it. */
export const tarEndBytes: number = 2 * blockBytes;

/** Bytes that an entry takes in an archive. */
export function tarEntryBytes({ name, content }: TarEntry): number {
  const record = paxRecord(name);
  return blockBytes + padded(content.length) + (record === undefined ? 0 : blockBytes + padded(record.length));
}

/**
 * An archive, the same bytes for the same entries: times are 0 and owners are nobody.
 *
 * @param entries - Files in order. Names are relative, with `/` between folders.
 */
export function encodeTar(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + tarEntryBytes(entry), tarEndBytes));
  let at = 0;
  const put = (name: Uint8Array, content: Uint8Array, type: string): void => {
    writeHeader(bytes.subarray(at, at + blockBytes), name, content.length, type);
    bytes.set(content, at + blockBytes);
    at += blockBytes + padded(content.length);
  };
  for (const { name, content, type = "0" } of entries) {
    const record = paxRecord(name);
    if (record !== undefined) put(toUtf8.encode("pax"), record, "x");
    put(
      record === undefined ? toUtf8.encode(name) : toUtf8.encode(name.replace(/[^ -~]/g, "_").slice(-100)),
      content,
      type,
    );
  }
  return bytes;
}

const padded = (sizeBytes: number): number => Math.ceil(sizeBytes / blockBytes) * blockBytes;

/** The record that carries a name which does not fit in a header: more than 100 bytes, or not ASCII. */
function paxRecord(name: string): Uint8Array | undefined {
  const bytes = toUtf8.encode(name);
  if (bytes.length <= 100 && bytes.length === name.length) return undefined;
  const rest = ` path=${name}\n`;
  const restBytes = toUtf8.encode(rest).length;
  // The length counts its own digits.
  let length = restBytes + 1;
  while (restBytes + String(length).length !== length) length = restBytes + String(length).length;
  return toUtf8.encode(length + rest);
}

function writeHeader(header: Uint8Array, name: Uint8Array, sizeBytes: number, type: string): void {
  header.set(name);
  const put = (at: number, text: string): void => header.set(toUtf8.encode(text), at);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${sizeBytes.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, type);
  put(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
}
