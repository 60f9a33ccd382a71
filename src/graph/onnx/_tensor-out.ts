/** From our tensors to TensorProto. */

import { onnxTypeOf } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Message } from "./schema.ts";

const encoder = new TextEncoder();

/** A place in a file beside the model, as ONNX external data names it. */
export interface ExternalData {
  /** Path relative to the folder of the model, with forward slashes. */
  readonly location: string;
  /** Where the data begins [bytes]. */
  readonly offset: number;
  /** How long it is [bytes]. */
  readonly length: number;
}

/** The elements as ONNX raw data: a view, so it costs nothing. Typed arrays of every platform Node and browsers run on are little-endian. */
export function rawBytesOf(data: Exclude<Tensor["data"], readonly string[]>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The TensorProto of a tensor; its data is not copied. */
export function tensorMessage(value: Tensor, name: string | undefined): Message<"TensorProto"> {
  const message: Message<"TensorProto"> = { dims: [...value.shape], dataType: onnxTypeOf(value.dtype), name };
  if (ArrayBuffer.isView(value.data)) message.rawData = rawBytesOf(value.data);
  else message.stringData = (value.data as readonly string[]).map((text) => encoder.encode(text));
  return message;
}

/** `StringStringEntryProto`s of a map. */
export function entryMessages(entries: Iterable<readonly [string, string]>): Message<"StringStringEntryProto">[] {
  return Array.from(entries, ([key, value]) => ({ key, value }));
}

/** The TensorProto that points to data elsewhere. */
export function externalMessage(
  onnxType: number,
  dims: readonly number[],
  name: string,
  at: ExternalData,
): Message<"TensorProto"> {
  const entries: [string, string][] = [
    ["location", at.location],
    ["offset", String(at.offset)],
    ["length", String(at.length)],
  ];
  return { dims: [...dims], dataType: onnxType, name, externalData: entryMessages(entries), dataLocation: 1 };
}
