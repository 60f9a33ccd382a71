/**
 * The one interface behind which a graph runs. Memory is allocated once, programs are bound to it once, and a step is
 * then a list of runs over memory that stays where it is: nothing is allocated and no session is made after the first
 * step. Implementations: `native.ts` (ONNX Runtime's library in Node: CPU, WebGPU, CUDA) and `web.ts` (its WebAssembly build in
 * browsers and in Node: wasm, WebGPU).
 */

import type { Target } from "../graph/graph.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A device as a user names it; `"auto"` is the fastest that works. */
export type Device = Target | "auto";

/** All of them. */
export const devices: readonly [Device, ...Device[]] = ["auto", "cpu", "webgpu", "cuda", "wasm"];

/**
 * Where a buffer lies. `"device"`: where programs run, for state. `"host"`: in the host's memory, and every run copies it to the
 * device or back, for batches, scalars and losses. Where the device works in the host's memory the two are the same.
 */
export type Place = "device" | "host";

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
  /**
   * Runs once over tensors of the host and lets the engine allocate the outputs. Slower than a plan, but it needs no output shapes:
   * for programs with dynamic dimensions, such as a text generator whose cache grows.
   */
  call(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Record<string, Tensor>>;
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
  /**
   * Run it on the host's processor although the runtime is that of another device: for small programs with dynamic shapes. Such a program
   * can be called, not prepared.
   * @defaultValue false
   */
  readonly onHost?: boolean;
}

/**
 * What views may do. `"flat"`: begin anywhere in a buffer, and an output may lie over an input where each element is written after it
 * was read. `"whole"`: a view is a whole buffer, and no output is an input of the same call.
 */
export type MemoryModel = "flat" | "whole";

/** An engine with its memory. Dispose it when done: buffers, programs and plans go with it. */
export interface Runtime extends AsyncDisposable {
  readonly target: Target;
  /** The device in a few words: "CPU, 8 threads", "WebGPU (SwiftShader)". */
  readonly description: string;
  readonly memory: MemoryModel;
  /** True if programs may compute in float16 without being slower or failing. */
  readonly float16: boolean;
  /** Threads that one run uses. */
  readonly threads: number;
  /** Bytes copied between host and device so far, by runs, reads and writes; stays 0 where they share memory. */
  readonly copiedBytes: number;
  /** Sessions made so far: tests hold that it stays put after the first step. */
  readonly sessionsCreated: number;
  /** Allocates zeroed memory; on the device unless told otherwise. */
  createBuffer(dtype: DType, length: number, place?: Place): DeviceBuffer;
  /** Loads a program from ONNX bytes or from a file. */
  load(onnx: Uint8Array | string, options?: LoadOptions): Promise<Executable>;
  /** Binds calls to memory. */
  prepare(calls: readonly Call[]): Promise<Plan>;
}

/** A view of a whole buffer, or of the part that `shape` covers from `offset`. */
export function viewOf(buffer: DeviceBuffer, shape: Shape = [buffer.length], offset = 0): View {
  return { buffer, offset, shape };
}
