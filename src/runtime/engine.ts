/**
 * What an engine must do to be a runtime: ONNX Runtime's library in a worker thread of Node, or its WebAssembly build where it was
 * loaded. Buffers, programs and plans are numbers here; `engine-runtime.ts` makes a `Runtime` of any engine.
 */

import type { DType, TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { LoadOptions, Place } from "./runtime.ts";

/** A tensor in a buffer: the buffer's number, the first element, and the shape. */
export interface BoundView {
  readonly buffer: number;
  readonly offset: number;
  readonly shape: Shape;
}

/** One run over fixed memory: a program's number, and a view for every input and output by name. */
export interface BoundCall {
  readonly program: number;
  readonly inputs: readonly (readonly [name: string, view: BoundView])[];
  readonly outputs: readonly (readonly [name: string, view: BoundView])[];
}

/** A tensor that goes into a single run or comes out of one. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Its elements, in memory of their own that may be transferred. */
  readonly data: TypedArray;
}

/** What was run, and what it cost. */
export interface RunReport {
  /** Time in the engine [ms]. */
  readonly ms: number;
  /** Bytes copied between host and device. */
  readonly copiedBytes: number;
}

type Awaitable<T> = T | Promise<T>;

/** The calls of an engine. They are made one at a time: the next one when the last has answered. */
export interface Engine {
  /**
   * Allocates zeroed memory.
   *
   * @param shared - The memory itself where the caller has it already (a view of a SharedArrayBuffer): only engines that work in the
   * host's memory are given it, for buffers that the host sees.
   */
  createBuffer(dtype: DType, length: number, place: Place, shared?: TypedArray): Awaitable<number>;
  /** Copies elements [begin, end) into new memory. */
  read(buffer: number, begin: number, end: number): Awaitable<TypedArray>;
  write(buffer: number, data: TypedArray, offset: number): Awaitable<void>;
  load(model: Uint8Array | string, options: LoadOptions): Awaitable<number>;
  prepare(calls: readonly BoundCall[]): Awaitable<number>;
  run(plan: number): Awaitable<RunReport>;
  /** Runs a program once; the engine allocates the outputs. */
  call(
    program: number,
    inputs: readonly (readonly [name: string, tensor: HostTensor])[],
    outputs: readonly string[],
  ): Awaitable<readonly HostTensor[]>;
  releaseProgram(program: number): Awaitable<void>;
  releasePlan(plan: number): Awaitable<void>;
  /** Gives up everything. */
  stop(): Awaitable<void>;
}

/** What an engine says of itself when it has started. */
export interface EngineInfo {
  readonly description: string;
  readonly float16: boolean;
}
