/**
 * GPT-2's way of writing bytes as printable characters, so that a vocabulary of byte strings can be JSON.
 *
 * @source Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; `bytes_to_unicode` of
 * https://github.com/openai/gpt-2, src/encoder.py.
 */

/** The character that stands for each byte: itself when printable in Latin-1, else the next one from U+0100 on. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const bytesByCharacter = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The bytes in the order of their characters: ids 0 to 255 of GPT-2 and of every tokenizer trained here. */
export const byteOrder: readonly number[] = byteCharacters
  .map((character, byte) => ({ character, byte }))
  .sort((a, b) => (a.character < b.character ? -1 : 1))
  .map(({ byte }) => byte);

/** The bytes that a token stands for, or undefined if a character of it stands for none. */
export function bytesOfToken(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = bytesByCharacter.get(token[i] as string);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** The token for bytes; the inverse of {@link bytesOfToken}. */
export function tokenOfBytes(bytes: Uint8Array): string {
  let token = "";
  for (const byte of bytes) token += byteCharacters[byte] as string;
  return token;
}
