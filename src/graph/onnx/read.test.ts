import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CodecError } from "../../base/errors.ts";
import { isInline, type OnnxAttribute, type OnnxModel, type OnnxNode } from "./model.ts";
import { encodeMessage } from "./protobuf.ts";
import { readOnnx } from "./read.ts";
import type { Message } from "./schema.ts";
import { readTensorProto } from "./tensor.ts";
import { encodeModel } from "./write.ts";

// Made by the Python package onnx; fixtures/onnx/every-field.py says what is in it.
const folder = join(import.meta.dirname, "../../../fixtures/onnx");
const bytes = readFileSync(join(folder, "every-field.onnx"));
const tensors: Record<string, { shape: number[]; bytes: string }> = JSON.parse(
  readFileSync(join(folder, "every-field.json"), "utf8"),
);
const model = readOnnx(bytes);

function attribute(name: string): unknown {
  const { kind, value } = (model.graph.nodes[0] as OnnxNode).attributes.get(name) as OnnxAttribute;
  return [kind, value];
}

describe("readOnnx on a model with every field", () => {
  test("keeps the header", () => {
    const { graph, functions, unknown, ...header } = model;
    expect(header).toEqual({
      irVersion: 10,
      opsets: new Map([
        ["", 21],
        ["test", 1],
        ["own", 1],
      ]),
      producerName: "every-field.py",
      producerVersion: "1",
      domain: "org.example",
      modelVersion: 3,
      docString: "a model",
      metadata: new Map([["key", "value"]]),
    });
    expect(functions).toHaveLength(1);
    expect(unknown).toBeInstanceOf(Uint8Array); // training_info
    expect(graph.docString).toBe("a graph");
  });

  test.each(Object.entries(tensors))("reads the typed data of %s", (name, expected) => {
    const value = model.graph.initializers.get(name);
    if (value === undefined || !isInline(value) || !ArrayBuffer.isView(value.data)) throw new Error("no data");
    expect(value.shape).toEqual(expected.shape);
    expect(Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength).toString("hex")).toBe(
      expected.bytes,
    );
  });

  test("reads strings, and keeps tensors that are elsewhere or of unknown type", () => {
    const { initializers, sparseInitializers } = model.graph;
    expect(initializers.get("string")).toMatchObject({ dtype: "string", shape: [2], data: ["zwölf", ""] });
    expect(initializers.get("external")).toMatchObject({
      dtype: "float32",
      shape: [2, 3],
      external: { location: "weights/part.bin", offset: 4096, length: 24, other: new Map([["checksum", "abc"]]) },
    });
    expect(initializers.get("float4")).toMatchObject({ onnxType: 23, message: { dims: [4] } });
    expect(sparseInitializers).toMatchObject([
      { name: "sparse", dims: [3, 3], indices: { data: BigInt64Array.of(1n, 7n) } },
    ]);
  });

  test("reads a node with attributes of every kind", () => {
    const node = model.graph.nodes[0] as OnnxNode;
    const { attributes, unknown, ...rest } = node;
    expect(rest).toEqual({
      op: "Everything",
      domain: "test",
      name: "all",
      overload: "second",
      inputs: ["x", "", "float32"],
      outputs: ["y", "", "z"],
      docString: "a node",
      metadata: new Map([["origin", "here"]]),
    });
    expect(unknown).toBeInstanceOf(Uint8Array); // device_configurations
    expect(attribute("float")).toEqual(["float", Math.fround(0.1)]);
    expect(attribute("int")).toEqual(["int", 2n ** 63n - 1n]);
    expect(attribute("negative")).toEqual(["int", -1]);
    expect(attribute("string")).toEqual(["string", "text"]);
    expect(attribute("bytes")).toEqual(["string", Uint8Array.of(0xff, 0, 0xfe)]);
    expect(attribute("tensor")).toEqual([
      "tensor",
      { name: "t", dtype: "int64", shape: [2], data: BigInt64Array.of(3n, 4n) },
    ]);
    expect(attribute("floats")).toEqual(["floats", [Math.fround(0.1), -1]]);
    expect(attribute("ints")).toEqual(["ints", [1, -(2n ** 63n), 2n ** 53n]]);
    expect(attribute("strings")).toEqual(["strings", ["a", "b"]]);
    expect(attribute("graph")).toMatchObject([
      "graph",
      { name: "branch", nodes: [{ op: "Add", inputs: ["x", "inner"] }] },
    ]);
    expect(attribute("graphs")).toMatchObject(["graphs", [{ name: "branch" }, { name: "branch" }]]);
    expect(attribute("tensors")).toMatchObject(["tensors", [{ dtype: "bool", data: Uint8Array.of(1) }]]);
    expect(attribute("sparse")).toMatchObject(["sparseTensor", { dims: [3, 3] }]);
    expect(attribute("type")).toMatchObject(["type", { tensorType: { elemType: 1 } }]);
    expect(attributes.size).toBe(14);
  });

  test("reads types of values, and keeps those that are no plain tensors", () => {
    const [x, unranked, float4, sequence, optional, map, denoted] = model.graph.inputs;
    expect(x).toEqual({ name: "x", dtype: "float32", dims: [2, "n", null] });
    expect(unranked).toEqual({ name: "unranked", dtype: "int64", dims: null });
    expect(float4).toMatchObject({ dtype: null, dims: [4], type: { tensorType: { elemType: 23 } } });
    expect(sequence).toMatchObject({
      dtype: null,
      dims: null,
      type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
    });
    expect(optional).toMatchObject({ dtype: null, type: { optionalType: {} } });
    expect(map).toMatchObject({ dtype: null, type: { mapType: { keyType: 7 } } });
    expect(denoted).toMatchObject({ dtype: "float32", dims: [1, 2], type: { tensorType: {} } });
    expect(model.graph.valueInfo).toEqual([{ name: "z", dtype: "float32", dims: [5] }]);
  });

  test("reads a function with a default and a reference to its attribute", () => {
    expect(model.functions[0]).toMatchObject({
      name: "Own",
      domain: "own",
      inputs: ["a"],
      outputs: ["b"],
      attributes: ["alpha"],
      defaults: new Map([["beta", { kind: "float", value: 0.5 }]]),
      nodes: [{ op: "Scale", attributes: new Map([["alpha", { kind: "reference", value: "alpha", type: 2 }]]) }],
      opsets: new Map([["", 21]]),
    });
  });

  test("writes and reads equal; the second write is byte-identical", () => {
    const first = encodeModel(model);
    const again = readOnnx(first);
    expect(again).toEqual(model);
    expect(encodeModel(again)).toEqual(first);
  });
});

function modelWith(graph: Message<"GraphProto">, rest: Message<"ModelProto"> = {}): Uint8Array {
  return encodeMessage("ModelProto", { irVersion: 10, graph, ...rest });
}

const data = Float32Array.of(1, 2, 3);
const raw = new Uint8Array(data.buffer);

test("raw data is a view into the file where it is aligned, and a copy where not", () => {
  const file = modelWith({ initializer: [{ name: "w", dims: [3], dataType: 1, rawData: raw }] });
  for (let shift = 0; shift < 4; shift++) {
    const buffer = new Uint8Array(file.length + 8);
    buffer.set(file, shift);
    const value = readOnnx(buffer.subarray(shift, shift + file.length)).graph.initializers.get("w");
    const elements = value && "data" in value ? (value.data as Float32Array) : data;
    expect(elements).toEqual(data);
    const start = shift + Buffer.from(file).indexOf(raw);
    expect(elements.buffer === buffer.buffer).toBe(start % 4 === 0);
  }
});

test("a Node Buffer at an odd offset reads like any other bytes", () => {
  const file = modelWith({ initializer: [{ name: "w", dims: [3], dataType: 1, rawData: raw }] });
  for (let shift = 0; shift < 4; shift++) {
    const value = readOnnx(Buffer.concat([Buffer.alloc(shift), file]).subarray(shift)).graph.initializers.get("w");
    expect(value).toEqual({ name: "w", dtype: "float32", shape: [3], data });
  }
});

test("lists of numbers read the same packed and one by one", () => {
  const header = [0x08, 2, 0x10, 7]; // dims [2], int64
  const packed = Uint8Array.of(...header, 0x3a, 2, 5, 6);
  const single = Uint8Array.of(...header, 0x38, 5, 0x38, 6);
  expect(readTensorProto(packed)).toEqual({ dtype: "int64", shape: [2], data: BigInt64Array.of(5n, 6n) });
  expect(readTensorProto(single)).toEqual(readTensorProto(packed));
});

test("an attribute without a type, as in the oldest files, is known by its field", () => {
  const node: Message<"NodeProto"> = { opType: "A", attribute: [{ name: "axis", i: 2 }] };
  expect(readOnnx(modelWith({ node: [node] })).graph.nodes[0]?.attributes.get("axis")).toEqual({
    kind: "int",
    value: 2,
  });
});

test("fields that nobody knows come back where they were", () => {
  const unknown = Uint8Array.of(0xfa, 0x7f, 3, 1, 2, 3, 0xf8, 0x7f, 1); // field 2047, bytes and varint
  const file = modelWith(
    { node: [{ opType: "A", unknown }], unknown, initializer: [{ name: "w", dims: [0], dataType: 1, unknown }] },
    { unknown },
  );
  const found = readOnnx(file);
  for (const part of [found, found.graph, found.graph.nodes[0], found.graph.initializers.get("w")])
    expect(part?.unknown).toEqual(unknown);
  expect(encodeModel(found)).toEqual(
    modelWith(
      {
        node: [{ opType: "A", unknown }],
        unknown,
        initializer: [{ name: "w", dims: [0], dataType: 1, rawData: new Uint8Array(), unknown }],
      },
      { unknown },
    ),
  );
});

const nested = (depth: number): Message<"GraphProto"> =>
  depth === 0 ? {} : { node: [{ opType: "If", attribute: [{ name: "a", type: 5, g: nested(depth - 1) }] }] };

const tensor = (value: Message<"TensorProto">): Uint8Array => modelWith({ initializer: [{ name: "w", ...value }] });

test.each<[string, Uint8Array, string]>([
  ["nothing", new Uint8Array(), "got 0 bytes"],
  ["text", new TextEncoder().encode("not a model"), "decode"],
  ["no graph", encodeMessage("ModelProto", { irVersion: 10 }), "without a graph"],
  ["no IR version", encodeMessage("ModelProto", { graph: {} }), "without an IR version"],
  ["deep subgraphs", modelWith(nested(40)), "nested over 100 deep"],
  [
    "too little data",
    tensor({ dims: [4], dataType: 1, rawData: raw }),
    'initializer "w": got 12 bytes of data, float32 [4] takes 16',
  ],
  ["no data for a huge tensor", tensor({ dims: [2 ** 40], dataType: 1 }), "got 0 elements"],
  ["a product of dims beyond 2^53", tensor({ dims: [2 ** 40, 2 ** 40, 0], dataType: 1 }), "fewer than 2^53"],
  ["negative dims", tensor({ dims: [-1], dataType: 1 }), "must not be negative"],
  [
    "a wrong external offset",
    tensor({
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: "location", value: "f" },
        { key: "offset", value: "-1" },
      ],
    }),
    'offset "-1"',
  ],
  ["external data without a place", tensor({ dataType: 1, dataLocation: 1 }), "without a location"],
  ["a nameless initializer", modelWith({ initializer: [{ dataType: 1 }] }), "without a name"],
  ["a node without operator", modelWith({ node: [{ name: "n" }] }), 'read node "n"'],
  [
    "an attribute of unknown type",
    modelWith({ node: [{ opType: "A", attribute: [{ name: "a", type: 99 }] }] }),
    'attribute "a" of node "" (A): got attribute type 99',
  ],
  [
    "an attribute twice",
    modelWith({
      node: [
        {
          opType: "A",
          attribute: [
            { name: "a", i: 1 },
            { name: "a", i: 2 },
          ],
        },
      ],
    }),
    'attribute "a" twice',
  ],
  ["a missing tensor", modelWith({ node: [{ opType: "A", attribute: [{ name: "a", type: 4 }] }] }), "got no tensor"],
  [
    "two opsets of one domain",
    modelWith({}, { opsetImport: [{ version: 20 }, { version: 21 }] }),
    'opsets 20 and 21 of domain ""',
  ],
])("refuses %s in one line", (_, file, message) => {
  const read = (): OnnxModel => readOnnx(file);
  expect(read).toThrow(CodecError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^onnx\.read: cannot [^\n]+$/);
});

test("readTensorProto refuses external data and unknown types", () => {
  const external = encodeMessage("TensorProto", {
    dataType: 1,
    dataLocation: 1,
    externalData: [{ key: "location", value: "f" }],
  });
  expect(() => readTensorProto(external)).toThrow('got data in "f"');
  expect(() => readTensorProto(encodeMessage("TensorProto", { dataType: 23 }))).toThrow("got element type 23");
});
