/**
 * A copy of a short string that shares no memory with the text it was cut from. JavaScript engines keep a slice as a
 * window on its parent (in V8 from 13 units on), so one remembered word would keep a whole chunk of a corpus alive.
 */
export function detach(word: string): string {
  if (word.length < 13) return word;
  const units = new Uint16Array(word.length);
  for (let i = 0; i < units.length; i++) units[i] = word.charCodeAt(i);
  return String.fromCharCode(...units);
}
