/**
 * State on a device that takes whole buffers and never writes over what it reads: two buffers for each tensor that changes. A run
 * reads the one and writes the other, and then they change places.
 */

import { explain, RuntimeError } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import {
  type Call,
  type DeviceBuffer,
  type Executable,
  type Plan,
  type Runtime,
  type View,
  viewOf,
} from "../runtime/runtime.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { prefixes } from "./step-graph.ts";

/** One tensor: the buffer that holds it now, and the one that the next run writes. */
class Slot {
  readonly shape: Shape;
  readonly #buffers: readonly [View, View];
  side: 0 | 1 = 0;

  constructor(shape: Shape, buffers: readonly [View, View]) {
    this.shape = shape;
    this.#buffers = buffers;
  }

  get current(): View {
    return this.#buffers[this.side];
  }

  get next(): View {
    return this.#buffers[this.side === 0 ? 1 : 0];
  }
}

/** A program whose inputs are state or fixed memory, and whose outputs `next/<name>` are the next state. */
export interface StateProgram {
  /**
   * Runs it.
   *
   * @param take - Decides, after the run, whether the state it wrote is the state from now on; always when absent.
   */
  run(take?: () => Promise<boolean>): Promise<void>;
}

/** Named tensors on the device, and programs that change them. */
export class PingPong implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #plans = new AsyncDisposableStack();
  readonly #slots = new Map<string, Slot>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /**
   * Allocates a tensor.
   *
   * @param changes - False for one that no program writes: it has one buffer.
   */
  declare(name: string, dtype: DType, shape: Shape, changes: boolean): void {
    const allocate = (): View => viewOf(this.#runtime.createBuffer(dtype, sizeOf(shape)), shape);
    const first = allocate();
    this.#slots.set(name, new Slot(shape, [first, changes ? allocate() : first]));
  }

  /** The tensor as a buffer that reads and writes whatever holds it at the time. */
  buffer(name: string): DeviceBuffer {
    const slot = this.#slots.get(name) as Slot;
    const { dtype, length } = slot.current.buffer;
    return {
      dtype,
      length,
      host: null,
      read: (begin, end) => slot.current.buffer.read(begin, end),
      write: (data, offset) => slot.current.buffer.write(data, offset),
    };
  }

  /**
   * Binds a loaded graph to the state.
   *
   * @param graph - As it was loaded.
   * @param executable - The program.
   * @param fixed - Inputs and outputs that are no state, by name.
   * @param stateOf - Name of the state behind an input, where it is not the input's own.
   */
  program(
    graph: Graph,
    executable: Executable,
    fixed: ReadonlyMap<string, View>,
    stateOf: (input: string) => string = (input) => input,
  ): StateProgram {
    const slotOf = (name: string): Slot => {
      const slot = this.#slots.get(name);
      if (slot === undefined)
        throw new RuntimeError(
          explain({
            api: graph.name,
            action: `bind "${name}"`,
            received: "no memory has that name",
            rule: "must be state",
          }),
        );
      return slot;
    };
    const inputs = graph.inputs.map(({ name }) => ({ name, at: fixed.get(name) ?? slotOf(stateOf(name)) }));
    const outputs = graph.outputs.map(({ name }) => ({
      name,
      at: fixed.get(name) ?? slotOf(name.slice(prefixes.next.length)),
    }));
    const written = outputs.flatMap(({ at }) => (at instanceof Slot ? [at] : []));
    const slots = [...new Set([...inputs, ...outputs].flatMap(({ at }) => (at instanceof Slot ? [at] : [])))];
    // Tensors that change at other times may stand on other sides: one plan for each combination that comes up.
    const plans = new Map<string, Plan>();
    const plan = async (): Promise<Plan> => {
      const key = slots.map(({ side }) => side).join("");
      const known = plans.get(key);
      if (known !== undefined) return known;
      const call: Call = {
        executable,
        inputs: Object.fromEntries(inputs.map(({ name, at }) => [name, at instanceof Slot ? at.current : at])),
        outputs: Object.fromEntries(outputs.map(({ name, at }) => [name, at instanceof Slot ? at.next : at])),
      };
      const made = this.#plans.use(await this.#runtime.prepare([call]));
      plans.set(key, made);
      return made;
    };
    return {
      run: async (take) => {
        await (await plan()).run();
        if ((await take?.()) === false) return;
        for (const slot of written) slot.side = slot.side === 0 ? 1 : 0;
      },
    };
  }

  /** Gives up the plans; buffers go with the runtime. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#plans.disposeAsync();
  }
}
