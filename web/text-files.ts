/** Turns what a visitor drops or pastes into text, or says why it is none. */

/** A text to learn from. */
export interface TextPiece {
  readonly name: string;
  /** UTF-8. Stays on disk where it came from there. */
  readonly blob: Blob;
  /** Number of characters; of a large file, about that. */
  readonly characters: number;
  /** Its beginning, from which the alphabet is estimated. */
  readonly head: string;
  /** What was done to read it. */
  readonly note?: string;
}

/** Largest text that is taken [bytes]: it is turned into tokens in memory. */
const mostBytes = 100e6;
/** Part of a file that is looked at. */
const headBytes = 1 << 20;

/** Beginnings of files that people take for text. */
const kinds: readonly { readonly begins: string; readonly what: string; readonly advice: string }[] = [
  { begins: "%PDF", what: "a PDF", advice: "copy the text out of it and paste it" },
  { begins: "PK\u0003\u0004", what: "a zip or an Office document", advice: "save it as plain text (.txt) first" },
  { begins: "\u00d0\u00cf\u0011\u00e0", what: "an Office document", advice: "save it as plain text (.txt) first" },
  { begins: "{\\rtf", what: "a rich text document", advice: "save it as plain text (.txt) first" },
];

/**
 * Reads a file as text.
 *
 * @param blob - The file.
 * @param name - Its name, for the message.
 * @throws Error whose message says what is wrong with the file and what to do.
 */
export async function readText(blob: Blob, name: string): Promise<TextPiece> {
  const refuse = (why: string): never => {
    throw new Error(`“${name}” ${why}.`);
  };
  if (blob.size === 0) refuse("is empty");
  if (blob.size > mostBytes) refuse("is larger than 100 MB: take a part of it");
  const bytes = new Uint8Array(await blob.slice(0, headBytes).arrayBuffer());
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = kinds.find(({ begins }) => start.startsWith(begins));
  if (kind !== undefined) refuse(`is ${kind.what}, not plain text: ${kind.advice}`);
  const wide =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  if (wide !== null) return converted(blob, name, wide, "UTF-16");
  if (bytes.includes(0)) refuse("is not text: it holds binary data. Take a file that a text editor can open");
  const head = decoded(bytes, blob.size > headBytes);
  if (head === null) {
    const control = bytes.filter((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12).length;
    if (control > bytes.length / 1000)
      refuse("is not text: it holds binary data. Take a file that a text editor can open");
    return converted(blob, name, "windows-1252", "Windows-1252");
  }
  const characters = Math.round(head.length * (blob.size / bytes.length));
  return { name, blob, characters, head };
}

/** UTF-8, or `null` if it is not; a character that the cut divides is left out. */
function decoded(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

async function converted(blob: Blob, name: string, encoding: string, spoken: string): Promise<TextPiece> {
  const text = new TextDecoder(encoding).decode(await blob.arrayBuffer());
  return { ...textPiece(text, name), note: `read as ${spoken}` };
}

/** A text that is at hand. */
export function textPiece(text: string, name: string): TextPiece {
  return { name, blob: new Blob([text]), characters: text.length, head: text.slice(0, headBytes) };
}

/** All texts as one, a blank line between two. */
export function joined(pieces: readonly TextPiece[]): Blob {
  return new Blob(pieces.flatMap(({ blob }, i) => (i === 0 ? [blob] : ["\n\n", blob])));
}

/** Different characters in the beginnings of all texts. */
export function alphabetSize(pieces: readonly TextPiece[]): number {
  const found = new Set<string>();
  for (const { head } of pieces) for (const character of head) found.add(character);
  return pieces.length > 1 ? found.add("\n").size : found.size;
}

/** A name for a run that none has yet: `notes`, `notes-2`. */
export function runName(from: string, taken: readonly string[]): string {
  const base =
    from
      .replace(/\.\w{1,5}$/, "")
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .toLowerCase()
      .slice(0, 40) || "text";
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!taken.includes(name)) return name;
  }
}
