/** Messages between the runtime on the main thread and the engine in its worker. */

import type { DType, TypedArray } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { LoadOptions } from "../runtime.ts";

/** A tensor in shared memory: the array covers exactly its elements. */
export interface Binding {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** One run: which session, and every input and output. */
export interface BoundCall {
  readonly session: number;
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
}

/** What the engine can be asked. */
export type Request =
  | { readonly type: "start"; readonly threads: number; readonly ownPool: boolean }
  | { readonly type: "load"; readonly model: Uint8Array | string; readonly options: LoadOptions }
  | { readonly type: "prepare"; readonly calls: readonly BoundCall[] }
  | { readonly type: "run"; readonly plan: number }
  | {
      readonly type: "runFree";
      readonly session: number;
      readonly inputs: readonly Binding[];
      readonly outputs: readonly string[];
    }
  | { readonly type: "releaseSession"; readonly session: number }
  | { readonly type: "releasePlan"; readonly plan: number }
  | { readonly type: "stop" };

/** A request with the number under which its answer comes back. */
export type Envelope = Request & { readonly id: number };

/** An answer: the result, or the message of the error. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
