/** Runs whose names and tensors are laid out in the heap once, so that running allocates nothing. */

import type { HeapScope } from "./heap.ts";
import type { OrtModule } from "./ort-module.ts";

/** A session. */
export interface Program {
  readonly name: string;
  /** 0 once it is released: plans may outlive the programs they call. */
  session: number;
  readonly onGpu: boolean;
}

/** An input or output, and its tensor's handle; 0 for an output that the engine allocates. */
export type NamedTensor = readonly [name: string, tensor: number];

/** A run, ready. */
export interface PreparedRun {
  readonly program: Program;
  /** Owns all that the run points to. */
  readonly scope: HeapScope;
  readonly inputNames: number;
  readonly inputs: number;
  readonly inputCount: number;
  readonly outputNames: number;
  readonly outputs: number;
  readonly outputCount: number;
  /** Bytes that the run copies between host and device. */
  readonly copiedBytes: number;
}

/** Lays out a run. */
export function layOut(
  program: Program,
  scope: HeapScope,
  inputs: readonly NamedTensor[],
  outputs: readonly NamedTensor[],
  copiedBytes: number,
): PreparedRun {
  const names = (named: readonly NamedTensor[]): number => scope.texts(named.map(([name]) => name));
  const tensors = (named: readonly NamedTensor[]): number => scope.words(named.map(([, tensor]) => tensor));
  return {
    program,
    scope,
    inputNames: names(inputs),
    inputs: tensors(inputs),
    inputCount: inputs.length,
    outputNames: names(outputs),
    outputs: tensors(outputs),
    outputCount: outputs.length,
    copiedBytes,
  };
}

/** Runs it. Gives 0, or the code of an error. */
export function runPrepared(ort: OrtModule, run: PreparedRun): number | Promise<number> {
  return ort._OrtRun(
    run.program.session,
    run.inputNames,
    run.inputs,
    run.inputCount,
    run.outputNames,
    run.outputCount,
    run.outputs,
    0,
  );
}
