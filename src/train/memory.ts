/** The memory of one model in training: allocated once, never moved. */

import { RandomStream } from "../base/random.ts";
import type { Parameter } from "../nn/layer.ts";
import { type DeviceBuffer, type Runtime, type View, viewOf } from "../runtime/runtime.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Arena, Region } from "./arena.ts";

/** A named tensor of the state, in device memory. */
export interface StateTensor {
  readonly shape: Shape;
  readonly view: View;
}

/** All memory of one program. */
export interface Memory {
  /** Trainable parameters, one after the other; see {@link Arena}. */
  readonly flat: DeviceBuffer;
  readonly gradient: DeviceBuffer;
  /** Slots of each region, by slot name. */
  readonly slots: ReadonlyMap<Region, ReadonlyMap<string, DeviceBuffer>>;
  readonly parameters: Map<string, StateTensor>;
  readonly state: Map<string, StateTensor>;
  readonly loss: DeviceBuffer;
  /** Replacements of non-trainable tensors: from where the step writes them to where they live. */
  readonly replaced: [View, View][];
}

/** Allocates parameters, gradients and slots. */
export function allocateMemory(runtime: Runtime, declared: ReadonlyMap<string, Parameter>, arena: Arena): Memory {
  const flat = runtime.createBuffer("float32", arena.length);
  const parameters = new Map<string, StateTensor>();
  const state = new Map<string, StateTensor>();
  const placeOf = new Map(arena.places.map((place) => [place.path, place]));
  for (const [path, { dtype, shape }] of declared) {
    const place = placeOf.get(path);
    const view =
      place === undefined
        ? viewOf(runtime.createBuffer(dtype, sizeOf(shape)), shape)
        : viewOf(flat, shape, place.offset);
    parameters.set(path, { shape, view });
    state.set(`model/${path}`, { shape, view });
  }
  const slots = new Map<Region, Map<string, DeviceBuffer>>();
  for (const region of arena.regions) {
    const buffers = new Map<string, DeviceBuffer>();
    for (const name of Object.keys(region.transform.slots)) {
      const buffer = runtime.createBuffer("float32", region.end - region.begin);
      buffers.set(name, buffer);
      for (const { path, shape, offset } of region.places)
        state.set(`optimizer/${name}/${path}`, { shape, view: viewOf(buffer, shape, offset - region.begin) });
    }
    slots.set(region, buffers);
  }
  return {
    flat,
    gradient: runtime.createBuffer("float32", arena.length),
    slots,
    parameters,
    state,
    loss: runtime.createBuffer("float32", 1),
    replaced: [],
  };
}

/** Fills parameters from their initialisers, each with a random stream named after its path, and slots with their starting value. */
export async function initializeMemory(
  declared: ReadonlyMap<string, Parameter>,
  memory: Memory,
  seed: number,
): Promise<void> {
  for (const [path, parameter] of declared) {
    const { view } = memory.parameters.get(path) as StateTensor;
    const data = await view.buffer.read(view.offset, view.offset + sizeOf(view.shape));
    parameter.initialize(parameter.shape, data, new RandomStream(seed, `init/${path}`));
    await view.buffer.write(data, view.offset);
  }
  for (const [region, buffers] of memory.slots)
    for (const [name, buffer] of buffers) {
      const fill = region.transform.slots[name]?.fill ?? 0;
      if (fill !== 0) await buffer.write(new Float32Array(buffer.length).fill(fill));
    }
}
