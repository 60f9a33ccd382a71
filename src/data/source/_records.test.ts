import assert from "node:assert/strict";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { csvFinder, lineFinder, type RecordFinder, splitRecords } from "./_records.ts";

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

interface Found {
  readonly text: string;
  readonly byte: number;
}

async function recordsOf(text: string | Buffer, finder: RecordFinder, length: number, most = 1000): Promise<Found[]> {
  const found: Found[] = [];
  for await (const block of splitRecords(pieces(Buffer.from(text), length), finder, most)) {
    if (block.fault !== undefined) found.push({ text: `! ${block.fault}`, byte: block.offset });
    else
      for (const [i, start] of block.starts.entries())
        found.push({ text: block.bytes.toString("utf8", start, block.ends[i]), byte: block.offset + start });
  }
  return found;
}

const comma = ",".charCodeAt(0);

test.each([
  ["lines", "a\nb\r\n\nlast", lineFinder, ["a", "b", "", "last"]],
  ["a byte-order mark", "\ufeffa\n\ufeffb\n", lineFinder, ["a", "\ufeffb"]],
  ["a mark alone", "\ufeff", lineFinder, []],
  ["nothing", "", lineFinder, []],
  ["an empty line", "\n", lineFinder, [""]],
  ["quoted line ends", '1,"a\nb"\r\n2,"""\n"""\n3', () => csvFinder(comma), ['1,"a\nb"', '2,"""\n"""', "3"]],
  ["a quote inside a cell", '1,5" pipe\n2,x\n', () => csvFinder(comma), ['1,5" pipe', "2,x"]],
  ["an open quote", '1,"a\n2,b\n3,c\n', () => csvFinder(comma), ["! a quote that is never closed", "2,b", "3,c"]],
  ["an open quote in the last line", '1,a\n2,"b', () => csvFinder(comma), ["1,a", '2,"b']],
])("splitRecords finds %s, however they are cut", async (_, text, finder, expected) => {
  const whole = await recordsOf(text, finder(), 1 << 20);
  assert.deepEqual(
    whole.map((record) => record.text),
    expected,
  );
  const bytes = Buffer.from(text);
  for (const { text, byte } of whole)
    if (!text.startsWith("!")) assert.equal(bytes.toString("utf8", byte, byte + Buffer.byteLength(text)), text);
  for (let length = 1; length < 12; length++)
    assert.deepEqual(await recordsOf(text, finder(), length), whole, `pieces of ${length}`);
});

test("splitRecords passes over what is too long, and goes on", async () => {
  const text = `a\n${"x".repeat(5000)}\nb\n1,"${"y\n".repeat(800)}\nc\n`;
  for (const length of [7, 100, 600]) {
    const lines = await recordsOf(text, lineFinder(), length, 1000);
    assert.deepEqual(
      lines.slice(0, 3).map((record) => record.text),
      ["a", "! longer than 1000 bytes", "b"],
    );
    assert.equal(lines.length, 3 + 802);
    const rows = await recordsOf(text, csvFinder(comma), length, 1000);
    assert.deepEqual(
      rows.slice(2, 5).map((record) => record.text),
      ["b", "! a quote that is never closed", "y"],
    );
    assert.equal(rows.at(-1)?.text, "c");
  }
});

test("splitRecords loses no line of random text", async () => {
  const random = new RandomStream(3, "lines");
  for (let round = 0; round < 100; round++) {
    const signs = ["a", "\n", ",", '"', "\r"];
    const text = Array.from({ length: 60 }, (_, i) => signs[random.integer(round * 60 + i, 5)]).join("");
    const whole = await recordsOf(text, csvFinder(comma), 100);
    for (const length of [1, 2, 5])
      assert.deepEqual(await recordsOf(text, csvFinder(comma), length), whole, JSON.stringify(text));
    const lines = await recordsOf(text, lineFinder(), 3);
    const expected = text.split("\n").map((line) => line.replace(/\r$/, ""));
    if (text.endsWith("\n")) expected.pop();
    // A carriage return ends a line only before a line feed.
    if (!text.endsWith("\n") && text.endsWith("\r")) expected[expected.length - 1] += "\r";
    assert.deepEqual(
      lines.map((record) => record.text),
      expected,
    );
  }
});
