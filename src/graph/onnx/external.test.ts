import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CodecError } from "../../base/errors.ts";
import { loadExternalData } from "./external.ts";
import type { OnnxModel } from "./model.ts";
import { encodeMessage } from "./protobuf.ts";
import { readOnnx } from "./read.ts";
import type { Message } from "./schema.ts";

const everyField = readFileSync(join(import.meta.dirname, "../../../fixtures/onnx/every-field.onnx"));

function external(location: string, entries: Record<string, string> = {}): Message<"TensorProto"> {
  const all = Object.entries({ location, ...entries }).map(([key, value]) => ({ key, value }));
  return { name: "w", dims: [2], dataType: 1, dataLocation: 1, externalData: all };
}

function modelOf(value: Message<"TensorProto">): OnnxModel {
  return readOnnx(encodeMessage("ModelProto", { irVersion: 10, graph: { initializer: [value] } }));
}

const file = new Uint8Array(Float32Array.of(0, 1, 2, 3).buffer);
const resolve = (_: string, offset: number, length: number): Uint8Array => file.subarray(offset, offset + length);

test("asks for the range that the file names, and keeps the rest of the tensor", async () => {
  const model = readOnnx(everyField);
  const asked: unknown[] = [];
  await loadExternalData(model, (location, offset, length) => {
    asked.push([location, offset, length]);
    return new Uint8Array(length);
  });
  expect(asked).toEqual([["weights/part.bin", 4096, 24]]);
  expect(model.graph.initializers.get("external")).toEqual({
    name: "external",
    dtype: "float32",
    shape: [2, 3],
    data: new Float32Array(6),
  });
});

test("takes the length from the shape when the file gives none, and reads at any offset", async () => {
  for (const offset of [0, 4, 5]) {
    const model = modelOf(external("w.bin", { offset: String(offset) }));
    await loadExternalData(model, async (...range) => resolve(...range));
    const expected = new Float32Array(file.slice(offset, offset + 8).buffer);
    expect(model.graph.initializers.get("w")).toMatchObject({ data: expected });
  }
});

test("finds tensors in attributes and subgraphs", async () => {
  const inner: Message<"GraphProto"> = { initializer: [external("inner")] };
  const attribute: Message<"AttributeProto">[] = [
    { name: "g", type: 5, g: inner },
    { name: "t", type: 4, t: external("t") },
  ];
  const model = readOnnx(encodeMessage("ModelProto", { irVersion: 10, graph: { node: [{ opType: "A", attribute }] } }));
  const asked: string[] = [];
  await loadExternalData(model, (location, offset, length) => {
    asked.push(location);
    return resolve(location, offset, length);
  });
  expect(asked).toEqual(["inner", "t"]);
});

test.each(["../w.bin", "a/../../w.bin", "/etc/passwd", "..", "a\\..\\b", "C:w.bin", "file:///w", "", "a\0b"])(
  "refuses the location %j without asking for it",
  async (location) => {
    const model = modelOf(external(location));
    const load = loadExternalData(model, () => expect.unreachable("must not be asked"));
    await expect(load).rejects.toThrow(CodecError);
    await expect(load).rejects.toThrow("must be a relative path");
  },
);

test("refuses data of the wrong size", async () => {
  await expect(loadExternalData(modelOf(external("w", { length: "4" })), resolve)).rejects.toThrow(
    "got a length of 4 bytes, float32 [2] takes 8",
  );
  await expect(loadExternalData(modelOf(external("w", { offset: "12" })), resolve)).rejects.toThrow(
    "got 4 bytes at offset 12",
  );
});
