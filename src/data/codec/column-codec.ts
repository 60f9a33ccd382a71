/** Columns of every type as bytes, and back. */

import { z } from "zod";
import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { Cell, Column, Field } from "../table.ts";
import { typed, withNulls, withoutNulls, wrongCell } from "./_cells.ts";
import { columnError, joinFrame, splitFrame } from "./_frame.ts";
import { decodeTensors, encodeTensors } from "./_tensor-streams.ts";
import { bytesOfCells, cellsOfBytes, cellsOfText, dictionaryOf, textOfCells } from "./_text-streams.ts";
import type { AchievedError } from "./achieved-error.ts";
import { decodeFloats, encodeFloats, type LossyMethod } from "./lossy.ts";
import {
  type DecodeLimits,
  decodeNumbers,
  defaultMaxBytes,
  encodeNumbers,
  type NumberEncoding,
} from "./number-codec.ts";

/** How a column is compressed: what {@link chooseCodec} chooses and a pack's manifest records. */
export interface ColumnEncoding extends Omit<NumberEncoding, "transform"> {
  /** As of {@link NumberEncoding}; of strings and bytes also `"dictionary"`: each value once, and numbers that name them. */
  readonly transform: NumberEncoding["transform"] | "dictionary";
  /** Of float32 and float64: how they may lose. @defaultValue not at all */
  readonly lossy?: LossyMethod;
}

/** What {@link encodeColumn} makes. */
export interface CodedColumn {
  /** For {@link decodeColumn}. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of a column with loss: what was lost, measured. */
  readonly error?: AchievedError;
}

const headerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("nullable"), count: z.int().min(0), booleans: z.boolean() }),
  z.object({ kind: z.literal("text"), count: z.int().min(0), unit: z.enum(["utf8", "utf16", "bytes"]) }),
  z.object({ kind: z.literal("dictionary"), count: z.int().min(0) }),
  z.object({ kind: z.literal("json"), count: z.int().min(0) }),
  z.object({ kind: z.literal("tensors"), count: z.int().min(0) }),
  z.object({ kind: z.enum(["numbers", "quantised", "float16", "bfloat16", "int8"]), count: z.int().min(0) }),
]);

/** Types whose cells are bytes. */
const isBytes = (field: Field): boolean => field.type === "bytes" || field.type === "image";

/**
 * Compresses the values of a column.
 *
 * @param values - As many rows as are read together.
 * @param field - Its type. Without nulls, numbers are typed arrays.
 * @param encoding - See {@link ColumnEncoding}; what does not fit the type is left out.
 * @returns See {@link CodedColumn}.
 * @throws DataError if a value is not of the column's type.
 *
 * @example Strings that repeat
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeColumn, encodeColumn } from "cameo/data/codec";
 *
 * const field = { name: "label", type: "string", nullable: true } as const;
 * const labels = Array.from({ length: 9000 }, (_, i) => (i % 10 === 0 ? null : ["cat", "dog", "emu"][i % 3] ?? ""));
 * const encoding = { transform: "dictionary", shuffle: "none", codec: "zstd", level: 1 } as const;
 * const { bytes } = encodeColumn(labels, field, encoding);
 * assert.ok(bytes.length < 2000);
 * assert.deepEqual(decodeColumn(bytes, field), labels);
 * ```
 */
export function encodeColumn(values: Column, field: Field, encoding: ColumnEncoding): CodedColumn {
  if (!ArrayBuffer.isView(values) && field.nullable && field.type !== "json") {
    const { validity, present, booleans } = withoutNulls(values, field);
    const inner = encodeColumn(present, { ...field, nullable: false }, encoding);
    const bits = encodeNumbers(validity, { ...numbersOf(encoding), transform: "none", shuffle: "none" });
    const header = { kind: "nullable", count: values.length, booleans };
    return { ...inner, bytes: joinFrame(header, [bits, inner.bytes]) };
  }
  if (ArrayBuffer.isView(values)) return encodeTyped(values as TypedArray, field, encoding);
  const numbers = numbersOf(encoding);
  switch (field.type) {
    case "string":
    case "bytes":
    case "image":
      return { bytes: encodeCells(values, field, encoding) };
    case "json": {
      const { bytes } = encodeColumn(
        values.map((value) => JSON.stringify(value ?? null)),
        { ...field, type: "string", nullable: false },
        encoding,
      );
      return { bytes: joinFrame({ kind: "json", count: values.length }, [bytes]) };
    }
    case "tensor":
      return { bytes: encodeTensors(values, field, numbers) };
    case "timestamp": {
      const whole = values.every(Number.isSafeInteger);
      return {
        bytes: encodeNumbers(
          whole ? BigInt64Array.from(values as number[], BigInt) : Float64Array.from(values as number[]),
          numbers,
        ),
      };
    }
    default:
      return encodeTyped(typed(values, field), field, encoding);
  }
}

/** The encoding of what is numbers: a dictionary is not. */
function numbersOf(encoding: ColumnEncoding): NumberEncoding {
  const { transform, shuffle, codec, level } = encoding;
  return { transform: transform === "dictionary" ? "none" : transform, shuffle, codec, level };
}

function encodeTyped(values: TypedArray, field: Field, encoding: ColumnEncoding): CodedColumn {
  const { lossy } = encoding;
  if (
    lossy === undefined ||
    !(values instanceof Float32Array || values instanceof Float64Array) ||
    !isFloatField(field)
  )
    return { bytes: encodeNumbers(values, numbersOf(encoding)) };
  const { bytes, error } = encodeFloats(values, lossy, numbersOf(encoding));
  return { bytes, error };
}

const isFloatField = ({ type }: Field): boolean => type === "float32" || type === "float64";

function encodeCells(values: readonly Cell[], field: Field, encoding: ColumnEncoding): Uint8Array<ArrayBuffer> {
  const wrong = values.findIndex((value) =>
    isBytes(field) ? !(value instanceof Uint8Array) : typeof value !== "string",
  );
  if (wrong >= 0) throw wrongCell(field, wrong, values[wrong]);
  const plain = { ...encoding, transform: "none" } as const;
  if (encoding.transform === "dictionary") {
    const { codes, unique } = dictionaryOf(values as readonly (string | Uint8Array)[]);
    const streams = [encodeNumbers(codes, plain), encodeCells(unique, field, plain)];
    return joinFrame({ kind: "dictionary", count: values.length }, streams);
  }
  const { unit, lengths, bytes } = isBytes(field)
    ? bytesOfCells(values as Uint8Array[])
    : textOfCells(values as string[]);
  const streams = [
    encodeNumbers(lengths, { ...plain, shuffle: "byte" }),
    encodeNumbers(bytes, { ...plain, shuffle: "none" }),
  ];
  return joinFrame({ kind: "text", count: values.length, unit }, streams);
}

/**
 * Expands what {@link encodeColumn} wrote.
 *
 * @param bytes - All of it.
 * @param field - The field with which it was written.
 * @param limits - See {@link DecodeLimits}; `maxBytes` is of each part of a column.
 * @returns The values.
 * @throws CodecError if the bytes are damaged, of another type, or expand to more than is allowed.
 *
 * @example Another type is refused
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeColumn, encodeColumn } from "cameo/data/codec";
 *
 * const encoding = { transform: "none", shuffle: "byte", codec: "lz4", level: 5 } as const;
 * const { bytes } = encodeColumn(Int32Array.of(1, 2), { name: "n", type: "int32", nullable: false }, encoding);
 * assert.throws(() => decodeColumn(bytes, { name: "n", type: "string", nullable: false }), { code: "codec" });
 * ```
 */
export function decodeColumn(bytes: Uint8Array, field: Field, limits: DecodeLimits = {}): Column {
  const { header, streams } = splitFrame(bytes, headerSchema);
  const [first, second] = streams as [Uint8Array, Uint8Array];
  if (header.count > (limits.maxBytes ?? defaultMaxBytes))
    throw columnError(`${header.count} values`, "must be within maxBytes");
  const need = (count: number, isRight: boolean): void => {
    if (streams.length !== count || !isRight)
      throw columnError(`a ${header.kind} for ${field.type}`, "must be what the column's type needs");
  };
  switch (header.kind) {
    case "nullable": {
      need(2, field.nullable);
      return withNulls(
        decodeNumbers(first, limits),
        decodeColumn(second, { ...field, nullable: false }, limits),
        header,
      );
    }
    case "dictionary": {
      need(2, isBytes(field) || field.type === "string");
      const codes = decodeNumbers(first, limits);
      const unique = decodeColumn(second, field, limits) as readonly Cell[];
      if (codes.length !== header.count) throw columnError(`${codes.length} codes`, `must be ${header.count}`);
      return Array.from(codes as Uint32Array, (code) => {
        const value = unique[code];
        if (value === undefined) throw columnError(`code ${code} of ${unique.length} values`, "must name one");
        return value;
      });
    }
    case "text": {
      need(2, header.unit === "bytes" ? isBytes(field) : field.type === "string");
      const lengths = decodeNumbers(first, limits);
      const content = decodeNumbers(second, limits);
      if (!(lengths instanceof Uint32Array) || lengths.length !== header.count || !(content instanceof Uint8Array))
        throw columnError("streams of other types", "must be lengths and bytes");
      return header.unit === "bytes" ? cellsOfBytes(content, lengths) : cellsOfText(content, lengths, header.unit);
    }
    case "json": {
      need(1, field.type === "json");
      const texts = decodeColumn(first, { ...field, type: "string", nullable: false }, limits) as readonly string[];
      try {
        return texts.map((text) => JSON.parse(text) as Cell);
      } catch (cause) {
        throw columnError("a value that is no JSON", "must be JSON", cause);
      }
    }
    case "tensors":
      need(2, field.type === "tensor");
      return decodeTensors(decodeNumbers(first, limits), decodeNumbers(second, limits), header.count, field);
    default: {
      const values = header.kind === "numbers" ? decodeNumbers(bytes, limits) : decodeFloats(bytes, limits);
      if (field.type === "timestamp") return Array.from(values as BigInt64Array | Float64Array, Number);
      need(streams.length, isNumeric(field) && values instanceof arrayTypeOf(field.type as DType));
      return values;
    }
  }
}

const isNumeric = ({ type }: Field): boolean =>
  !["string", "bytes", "image", "tensor", "timestamp", "json"].includes(type);
