import { expect, test } from "vitest";
import { fromErrorRecord, toErrorRecord } from "./error-record.ts";
import {
  CheckpointError,
  CodecError,
  DataError,
  GraphError,
  isCameoError,
  RuntimeError,
  ShapeError,
  UnsupportedOpError,
  UsageError,
} from "./errors.ts";

const errors = [
  new ShapeError("s"),
  new GraphError("g", { node: "layer1" }),
  new UnsupportedOpError("u", { op: "Gelu", domain: "" }),
  new DataError("d", { source: "a.txt" }),
  new CodecError("onnx", "c"),
  new RuntimeError("r", { reason: "device-lost" }),
  new CheckpointError("k"),
  new UsageError("u"),
  new TypeError("t"),
  new RangeError("r"),
];

test("errors come back as what they were", () => {
  for (const error of errors) {
    const back = fromErrorRecord(structuredClone(toErrorRecord(error)));
    expect(back.constructor).toBe(error.constructor);
    expect(back.stack).toBe(error.stack);
    // Equal in every own field, code and message included.
    expect({ ...back, message: back.message }).toEqual({ ...error, message: error.message });
    expect(isCameoError(back)).toBe(isCameoError(error));
  }
});

test("what is no error of ours keeps name and message", () => {
  const back = fromErrorRecord(structuredClone(toErrorRecord(new DOMException("full", "QuotaExceededError"))));
  expect([back.name, back.message]).toEqual(["QuotaExceededError", "full"]);
  expect(fromErrorRecord(toErrorRecord("text")).message).toBe("text");
});
