/** Errors as plain data: for the way from one thread to another, where classes are lost. */

import {
  CameoError,
  CheckpointError,
  CodecError,
  DataError,
  GraphError,
  isCameoError,
  messageOf,
  RuntimeError,
  ShapeError,
  UnsupportedOpError,
  UsageError,
} from "./errors.ts";

/** An error as plain data. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** Of Cameo's errors. */
  readonly code?: CameoError["code"];
  /** What else the class has. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
}

const fieldNames = ["reason", "node", "op", "domain", "source", "codec"] as const;

/** Takes an error apart. @param error - Anything that was thrown. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  const { name, message, stack } = error;
  if (!isCameoError(error)) return { name, message, stack };
  const values = error as unknown as Record<string, string | undefined>;
  return { name, message, stack, code: error.code, fields: Object.fromEntries(fieldNames.map((f) => [f, values[f]])) };
}

type Fields = NonNullable<ErrorRecord["fields"]>;

/** How each error is made again. */
const makers: Readonly<Record<CameoError["code"], (message: string, fields: Fields) => CameoError>> = {
  shape: (message) => new ShapeError(message),
  graph: (message, { node }) => new GraphError(message, { node }),
  "unsupported-op": (message, { op = "", domain = "" }) => new UnsupportedOpError(message, { op, domain }),
  data: (message, { source }) => new DataError(message, { source }),
  codec: (message, { codec = "" }) => new CodecError(codec, message),
  runtime: (message, { reason }) => new RuntimeError(message, { reason: reason as RuntimeError["reason"] }),
  checkpoint: (message) => new CheckpointError(message),
  usage: (message) => new UsageError(message),
  peer: (message) => new CameoError("peer", message),
};

/** Makes the error of a record again: of the same class, with the same code, message and stack. */
export function fromErrorRecord({ name, message, stack, code, fields = {} }: ErrorRecord): Error {
  const error = code === undefined ? plainError(name, message) : makers[code](message, fields);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function plainError(name: string, message: string): Error {
  const Class = { TypeError, RangeError, SyntaxError }[name];
  return Class === undefined ? Object.assign(new Error(message), { name }) : new Class(message);
}
