/**
 * The one interface behind which a graph runs. Memory is allocated once, programs are bound to it once, and a step is
 * then a list of runs over memory that stays where it is: nothing is allocated and no session is made after the first
 * step. Implementations: `cpu.ts` (ONNX Runtime in Node); WebGPU and browsers obey the same interface.
 */

import type { Target } from "../graph/graph.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** A stretch of memory of one dtype on the target. It lives until its runtime is disposed. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Number of elements. */
  readonly length: number;
  /** The memory itself where the host can see it (CPU), else `null`. Do not write to it while a run is under way. */
  readonly host: TypedArray | null;
  /** Copies elements [begin, end) to the host. */
  read(begin?: number, end?: number): Promise<TypedArray>;
  /** Copies `data` into the buffer at element `offset`. */
  write(data: TypedArray, offset?: number): Promise<void>;
}

/** A tensor in a buffer: where it begins and its shape. Several views may share memory. */
export interface View {
  readonly buffer: DeviceBuffer;
  /** First element. */
  readonly offset: number;
  readonly shape: Shape;
}

/** A loaded program. */
export interface Executable extends AsyncDisposable {
  /** For error messages. */
  readonly name: string;
}

/** One run of a program over fixed memory: a view for every input and every wanted output. */
export interface Call {
  readonly executable: Executable;
  readonly inputs: Readonly<Record<string, View>>;
  readonly outputs: Readonly<Record<string, View>>;
}

/** Calls bound to memory, ready to run in order, any number of times. */
export interface Plan extends AsyncDisposable {
  /**
   * Runs the calls in order. One run at a time: await the last before the next.
   *
   * @returns Time spent running [ms], without the way to the engine and back.
   * @throws RuntimeError with the engine's message and the program's name.
   */
  run(): Promise<number>;
}

/** How a program is loaded. */
export interface LoadOptions {
  /** For error messages and profiles. */
  readonly name?: string;
  /**
   * Graph optimisations of the engine.
   * @defaultValue "all"
   */
  readonly optimization?: "none" | "basic" | "extended" | "all";
  /** Engine-specific settings: for the CPU, ONNX Runtime session configuration entries. */
  readonly config?: Readonly<Record<string, string>>;
  /** Writes the program as the engine optimised it to this path: for looking at what really runs. */
  readonly dumpPath?: string;
  /** Prefix of a profile file that the engine writes when the program is disposed. */
  readonly profilePrefix?: string;
}

/** An engine with its memory. Dispose it when done: buffers, programs and plans go with it. */
export interface Runtime extends AsyncDisposable {
  readonly target: Target;
  /** Threads that one run uses. */
  readonly threads: number;
  /** Sessions made so far: tests hold that it stays put after the first step. */
  readonly sessionsCreated: number;
  /** Allocates zeroed memory. */
  createBuffer(dtype: DType, length: number): DeviceBuffer;
  /** Loads a program from ONNX bytes or from a file. */
  load(onnx: Uint8Array | string, options?: LoadOptions): Promise<Executable>;
  /** Binds calls to memory. */
  prepare(calls: readonly Call[]): Promise<Plan>;
}

/** A view of a whole buffer, or of the part that `shape` covers from `offset`. */
export function viewOf(buffer: DeviceBuffer, shape: Shape = [buffer.length], offset = 0): View {
  return { buffer, offset, shape };
}
