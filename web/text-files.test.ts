import { describe, expect, test } from "vitest";
import { alphabetSize, joined, readText, runName, textPiece } from "./text-files.ts";

const blob = (...bytes: number[]): Blob => new Blob([Uint8Array.from(bytes)]);

describe("readText", () => {
  test("takes UTF-8 as it is", async () => {
    const piece = await readText(new Blob(["Grüße, 世界"]), "a.txt");
    expect([piece.characters, piece.head, piece.note]).toEqual([9, "Grüße, 世界", undefined]);
  });

  test("does not stumble over a character that the look ahead divides", async () => {
    const text = `${"a".repeat((1 << 20) - 1)}é and more`;
    const piece = await readText(new Blob([text]), "long.txt");
    expect(piece.head).toHaveLength((1 << 20) - 1);
    expect(Math.abs(piece.characters - text.length)).toBeLessThan(3);
  });

  test("converts UTF-16 and Windows-1252, and says so", async () => {
    const wide = await readText(blob(0xff, 0xfe, 0x48, 0, 0xe9, 0), "wide.txt");
    expect([wide.head, wide.note, await wide.blob.text()]).toEqual(["Hé", "read as UTF-16", "Hé"]);
    const old = await readText(blob(0x63, 0x61, 0x66, 0xe9), "old.txt");
    expect([old.head, old.note]).toEqual(["café", "read as Windows-1252"]);
  });

  test.each([
    ["empty.txt", new Blob([]), "“empty.txt” is empty."],
    [
      "a.pdf",
      new Blob(["%PDF-1.7 and so on"]),
      "“a.pdf” is a PDF, not plain text: copy the text out of it and paste it.",
    ],
    ["a.docx", blob(0x50, 0x4b, 3, 4, 9), /Office document, not plain text: save it/],
    ["a.png", blob(0x89, 0x50, 0x4e, 0x47, 0), /is not text: it holds binary data\. Take a file/],
    ["b.bin", blob(...Array.from({ length: 99 }, (_, i) => 1 + ((i * 37) % 255))), /is not text: it holds binary data/],
  ])("refuses %s", async (name, file, message) => {
    await expect(readText(file, name)).rejects.toThrow(message);
  });

  test("refuses what would not fit", async () => {
    await expect(readText({ size: 2e8 } as Blob, "all.txt")).rejects.toThrow("larger than 100 MB: take a part of it");
  });
});

test("several texts become one", async () => {
  const pieces = [textPiece("one", "1"), textPiece("two", "2")];
  expect(await joined(pieces).text()).toBe("one\n\ntwo");
  expect(alphabetSize(pieces)).toBe(new Set("onetw\n").size);
  expect(alphabetSize([textPiece("ab👍ba", "3")])).toBe(3);
});

test("a run is named after its text, and no two are named alike", () => {
  expect(runName("My Notes (final).txt", [])).toBe("my-notes-final");
  expect(runName("Café.md", ["café", "café-2"])).toBe("café-3");
  expect(runName("世界", [])).toBe("世界");
  expect(runName("….txt", [])).toBe("text");
});
