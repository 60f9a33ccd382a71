/** Columns of a Parquet file as fields, from its footer. */

import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from "hyparquet";
import type { DType } from "../../tensor/dtype.ts";
import type { ColumnType, Field, Schema } from "../table.ts";

const integers: Readonly<Record<string, DType>> = {
  INT_8: "int8",
  INT_16: "int16",
  INT_32: "int32",
  INT_64: "int64",
  UINT_8: "uint8",
  UINT_16: "uint16",
  UINT_32: "uint32",
  UINT_64: "uint64",
};

/** Features of Hugging Face that are a struct of bytes and a path, with the type that the bytes have. */
const packedFeatures: Readonly<Record<string, ColumnType>> = { Image: "image", Audio: "bytes" };

/** The fields of a file. A column that may hold nulls but, by its statistics, does not, is not nullable. */
export function parquetFields(metadata: FileMetaData): Schema {
  const features = packedColumns(metadata);
  return parquetSchema(metadata).children.map((node): Field => {
    const { name, repetition_type } = node.element;
    const type = features.get(name) ?? typeOf(node);
    const isFlat = node.children.length === 0;
    return { name, type, nullable: repetition_type === "OPTIONAL" && !(isFlat && hasNoNulls(metadata, name)) };
  });
}

/** Columns of which the cells are structs `{ bytes, path }`, as the description that Hugging Face's library leaves in the file says. */
export function packedColumns(metadata: FileMetaData): ReadonlyMap<string, ColumnType> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  const structs = parquetSchema(metadata).children.filter(
    ({ children }) => children.length === 2 && children.every(({ element }) => /^(bytes|path)$/.test(element.name)),
  );
  let features: Readonly<Record<string, { readonly _type?: string } | undefined>> = {};
  try {
    features = (JSON.parse(text ?? "{}") as { info?: { features?: typeof features } }).info?.features ?? {};
  } catch {
    // A description that is damaged describes nothing.
  }
  return new Map(
    structs.flatMap(({ element: { name } }) => {
      const type = packedFeatures[features[name]?._type ?? ""] ?? (/^image/i.test(name) ? "image" : undefined);
      return type === undefined ? [] : [[name, type] as const];
    }),
  );
}

function hasNoNulls(metadata: FileMetaData, name: string): boolean {
  return metadata.row_groups.every(({ columns, num_rows }) => {
    const found = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
    return num_rows === 0n || found?.meta_data?.statistics?.null_count === 0n;
  });
}

function typeOf({ element, children }: SchemaTree): ColumnType {
  if (children.length > 0 || element.repetition_type === "REPEATED") return "json";
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted !== undefined && integers[converted] !== undefined) return integers[converted];
  if (logical?.type === "INTEGER") return integers[`${logical.isSigned ? "" : "U"}INT_${logical.bitWidth}`] ?? "int64";
  if (isTime(element)) return "timestamp";
  if (converted === "DECIMAL" || logical?.type === "DECIMAL") return "float64";
  if (logical?.type === "FLOAT16") return "float32";
  if (converted === "JSON" || logical?.type === "JSON" || /^(VARIANT|GEO)/.test(logical?.type ?? "")) return "json";
  if (isText(element)) return "string";
  switch (type) {
    case "BOOLEAN":
      return "bool";
    case "INT32":
      return "int32";
    case "INT64":
      return "int64";
    case "FLOAT":
      return "float32";
    case "DOUBLE":
      return "float64";
    default:
      return "bytes";
  }
}

function isTime({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  if (type === "INT96" || converted === "DATE" || logical?.type === "DATE") return true;
  return logical?.type === "TIMESTAMP" || converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS";
}

function isText({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  const texts = ["STRING", "ENUM", "UUID"];
  return converted === "UTF8" || converted === "ENUM" || texts.includes(logical?.type ?? "");
}
