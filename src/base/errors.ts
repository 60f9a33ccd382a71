/**
 * Errors a caller can act on. Each has a literal `code` and typed fields; arguments that are simply wrong
 * raise the built-in `TypeError` and `RangeError` with a message from {@link explain}.
 *
 * Message form: `<api>: cannot <action>: <received>, <rule>`, then optionally a second line `hint: …`.
 */

const errorCodes = [
  "shape",
  "graph",
  "unsupported-op",
  "data",
  "codec",
  "runtime",
  "checkpoint",
  "usage",
  "peer",
] as const;

/** The closed set of codes that {@link CameoError} carries. */
export type ErrorCode = (typeof errorCodes)[number];

/** The parts of an error message, in the order a reader needs them. */
export interface Explanation {
  /** The public call that failed, as the user wrote it: `"conv2d"`, `"onnx.read"`, `"cameo train"`. */
  api: string;
  /** What it could not do, as a verb phrase: `"apply kernel [8, 3, 5, 5] (OIHW)"`. */
  action: string;
  /** What was received. */
  received: string;
  /** The rule that it breaks. */
  rule: string;
  /** The way out, printed on a second line. */
  hint?: string | undefined;
}

/**
 * Builds an error message in the one form that all of Cameo uses.
 *
 * @param parts - See {@link Explanation}.
 * @returns The message, one line, or two when there is a hint.
 *
 * @example The form of a message
 * ```ts
 * import assert from "node:assert/strict";
 * import { explain } from "cameo";
 *
 * const message = explain({ api: "sgd", action: "use learning rate", received: "got -1", rule: "must be positive" });
 * assert.equal(message, "sgd: cannot use learning rate: got -1, must be positive");
 * ```
 */
export function explain(parts: Explanation): string {
  const line = `${parts.api}: cannot ${parts.action}: ${parts.received}, ${parts.rule}`;
  return parts.hint === undefined ? line : `${line}\nhint: ${parts.hint}`;
}

/** Base of Cameo's own errors; narrow by `code`, or with {@link isCameoError}. */
export class CameoError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CameoError";
    this.code = code;
  }
}

/** Shapes that do not fit the operation they were given to. */
export class ShapeError extends CameoError {
  constructor(message: string, options?: ErrorOptions) {
    super("shape", message, options);
    this.name = "ShapeError";
  }
}

/** A graph that is not well formed: a cycle, a missing value, a wrong dtype, an unreachable loss. */
export class GraphError extends CameoError {
  /** Name of the node at fault, when one is. */
  readonly node: string | undefined;
  constructor(message: string, options?: ErrorOptions & { node?: string | undefined }) {
    super("graph", message, options);
    this.name = "GraphError";
    this.node = options?.node;
  }
}

/** An operator that Cameo does not know, or not in this opset. */
export class UnsupportedOpError extends CameoError {
  readonly op: string;
  readonly domain: string;
  constructor(message: string, fields: { op: string; domain: string }, options?: ErrorOptions) {
    super("unsupported-op", message, options);
    this.name = "UnsupportedOpError";
    this.op = fields.op;
    this.domain = fields.domain;
  }
}

/** Data that cannot be used: empty, too short, not text, truncated. */
export class DataError extends CameoError {
  /** File or source the data came from. */
  readonly source: string | undefined;
  constructor(message: string, options?: ErrorOptions & { source?: string | undefined }) {
    super("data", message, options);
    this.name = "DataError";
    this.source = options?.source;
  }
}

/** Bytes that do not decode: a corrupt `.onnx`, `.safetensors` or compressed chunk. */
export class CodecError extends CameoError {
  readonly codec: string;
  constructor(codec: string, message: string, options?: ErrorOptions) {
    super("codec", message, options);
    this.name = "CodecError";
    this.codec = codec;
  }
}

/** The engine that runs graphs refused or failed. */
export class RuntimeError extends CameoError {
  /** Where a caller can do something about it: start anew on the device, or with a smaller model. */
  readonly reason: "device-lost" | "out-of-memory" | undefined;
  constructor(message: string, options?: ErrorOptions & { reason?: "device-lost" | "out-of-memory" | undefined }) {
    super("runtime", message, options);
    this.name = "RuntimeError";
    this.reason = options?.reason;
  }
}

/** A checkpoint or run folder that cannot be written, read or resumed. */
export class CheckpointError extends CameoError {
  constructor(message: string, options?: ErrorOptions) {
    super("checkpoint", message, options);
    this.name = "CheckpointError";
  }
}

/** Wrong use of the command line or of a recipe: exit code 2. */
export class UsageError extends CameoError {
  constructor(message: string, options?: ErrorOptions) {
    super("usage", message, options);
    this.name = "UsageError";
  }
}

/**
 * Tells whether `error` is one of Cameo's, without `instanceof`, so that it holds across two copies of the package.
 *
 * @param error - Anything that was thrown.
 * @param code - Only errors with this code.
 * @returns True if `error` is a Cameo error (with that code).
 */
export function isCameoError(error: unknown, code?: ErrorCode): error is CameoError {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const known: readonly unknown[] = errorCodes;
  return code === undefined ? known.includes(error.code) : error.code === code;
}

/** The message of whatever was thrown: that of an `error`, or anything else as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
