/** The calls that turn gradients into new parameters and slots, in place. */

import { createBuilder } from "../ops/registry.ts";
import type { Transform } from "../optim/transform.ts";
import { mayWriteInPlace } from "../passes/in-place.ts";
import { type Call, type DeviceBuffer, type Executable, type Runtime, type View, viewOf } from "../runtime/runtime.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Arena, Place, Region } from "./arena.ts";
import { chunkLength, chunksOf, loadProgram, type Program } from "./flat.ts";
import type { Memory } from "./memory.ts";
import {
  globalNormInput,
  normGraph,
  prefixes,
  scalarInput,
  slotInput,
  squaredNormGraph,
  updateGraph,
} from "./step-graph.ts";

/** Calls of one update with what must be fed before it. */
export interface UpdatePlan {
  readonly calls: readonly Call[];
  /** Where the global norm of the gradients is left, if some transformation asked for it. */
  readonly norm: DeviceBuffer | null;
  /** Computes the scalars of a step on the host and feeds them. */
  feedScalars(step: number): Promise<void>;
}

/** An update program for one shape (or any flat length), and which of its outputs may not overwrite their inputs. */
interface UpdateProgram {
  readonly executable: Executable;
  readonly inputs: ReadonlySet<string>;
  /** Output name → the input of the same tensor; these go through scratch memory. */
  readonly unsafe: readonly { readonly input: string; readonly output: string }[];
}

/**
 * Plans the update of all regions of an arena.
 *
 * @param runtime - Where it runs.
 * @param arena - Layout of the flat buffers.
 * @param memory - The buffers.
 * @param owner - Disposes the programs that the plan loads.
 */
export async function planUpdate(
  runtime: Runtime,
  arena: Arena,
  memory: Memory,
  owner: AsyncDisposableStack,
): Promise<UpdatePlan> {
  const calls: Call[] = [];
  const load: Load = async (graph, flat) => {
    const program = await loadProgram(runtime, graph, flat);
    owner.use(program.executable);
    return program;
  };

  let norm: DeviceBuffer | null = null;
  if (arena.regions.some(({ transform }) => transform.needsGlobalNorm)) {
    norm = runtime.createBuffer("float32", 1);
    const chunks = chunksOf(0, arena.length);
    const partial = runtime.createBuffer("float32", chunks.length);
    const { executable: squares } = await load(squaredNormGraph(chunkLength), ["x"]);
    for (const [i, [begin, end]] of chunks.entries())
      calls.push({
        executable: squares,
        inputs: { x: viewOf(memory.gradient, [end - begin], begin) },
        outputs: { sum: viewOf(partial, [1], i) },
      });
    const { executable: root } = await load(normGraph(chunks.length));
    calls.push({ executable: root, inputs: { partial: viewOf(partial) }, outputs: { norm: viewOf(norm, []) } });
  }

  const scalars = new Map<Transform, Map<string, View>>();
  const scratch = scratchMemory(runtime, load);
  for (const region of arena.regions) {
    const { transform } = region;
    const views = new Map<string, View>();
    for (const name of Object.keys(transform.scalars(0)))
      views.set(name, viewOf(runtime.createBuffer("float32", 1), []));
    scalars.set(transform, views);
    const fixed: Record<string, View> = {};
    for (const [name, view] of views) fixed[scalarInput(name)] = view;
    if (norm !== null) fixed[globalNormInput] = viewOf(norm, []);

    const add = async (program: UpdateProgram, begin: number, shape: Shape): Promise<void> => {
      calls.push(...(await stretchCalls(program, region, memory, fixed, begin, shape, scratch)));
    };
    if (transform.elementwise) {
      const program = await loadUpdate(transform, [chunkLength], true, load);
      for (const [begin, end] of chunksOf(region.begin, region.end)) await add(program, begin, [end - begin]);
    } else {
      const programs = new Map<string, UpdateProgram>();
      for (const place of region.places) await add(await programOf(place, programs, load), place.offset, place.shape);
    }
  }
  return {
    calls,
    norm,
    feedScalars: async (step) => {
      for (const [transform, views] of scalars) {
        const values = transform.scalars(step);
        for (const [name, view] of views) await view.buffer.write(Float32Array.of(values[name] as number));
      }
    },
  };
}

type Load = (graph: Program["graph"], flat?: readonly string[]) => Promise<Program>;

/** Parameters of one shape share a program. */
async function programOf(place: Place, known: Map<string, UpdateProgram>, load: Load): Promise<UpdateProgram> {
  const key = place.shape.join(",");
  const program = known.get(key) ?? (await loadUpdate(place.transform, place.shape, false, load));
  known.set(key, program);
  return program;
}

async function loadUpdate(transform: Transform, shape: Shape, flat: boolean, load: Load): Promise<UpdateProgram> {
  const pairs = ["parameter", ...Object.keys(transform.slots).map((slot) => slotInput(slot))].map((input) => ({
    input,
    output: prefixes.next + input,
  }));
  const flatNames = [...pairs.flatMap(({ input, output }) => [input, output]), "gradient"];
  const { graph, executable } = await load(updateGraph(transform, shape), flat ? flatNames : []);
  return {
    executable,
    inputs: new Set(graph.inputs.map(({ name }) => name)),
    // Only an elementwise update is known to write each element after reading it; the parameter's own writer is the last Add.
    unsafe: pairs.filter(
      ({ input, output }) => !(flat || input === "parameter") || !mayWriteInPlace(graph, input, output),
    ),
  };
}

/** Memory for outputs that may not overwrite their inputs, and the program that copies them home. */
interface Scratch {
  take(index: number, length: number): DeviceBuffer;
  copy(): Promise<Executable>;
}

function scratchMemory(runtime: Runtime, load: Load): Scratch {
  const buffers: DeviceBuffer[] = [];
  let copy: Promise<Program> | undefined;
  return {
    take: (index, length) => {
      const known = buffers[index];
      if (known !== undefined && known.length >= length) return known;
      const buffer = runtime.createBuffer("float32", length);
      buffers[index] = buffer;
      return buffer;
    },
    copy: async () => {
      if (copy === undefined) {
        const g = createBuilder("copy");
        g.output("to", g.op("Identity", [g.input("from", "float32", [chunkLength])]));
        copy = load(g.build(), ["from", "to"]);
      }
      return (await copy).executable;
    },
  };
}

async function stretchCalls(
  program: UpdateProgram,
  region: Region,
  memory: Memory,
  fixed: Readonly<Record<string, View>>,
  begin: number,
  shape: Shape,
  scratch: Scratch,
): Promise<Call[]> {
  const homes: Record<string, View> = { parameter: viewOf(memory.flat, shape, begin) };
  for (const [slot, buffer] of memory.slots.get(region) ?? [])
    homes[slotInput(slot)] = viewOf(buffer, shape, begin - region.begin);
  const available: Record<string, View> = { ...fixed, ...homes, gradient: viewOf(memory.gradient, shape, begin) };
  const inputs = Object.fromEntries(Object.entries(available).filter(([name]) => program.inputs.has(name)));
  const outputs = Object.fromEntries(Object.entries(homes).map(([name, view]) => [prefixes.next + name, view]));
  const copies: Call[] = [];
  const length = sizeOf(shape);
  for (const [i, { input, output }] of program.unsafe.entries()) {
    const buffer = scratch.take(i, length);
    outputs[output] = viewOf(buffer, shape);
    const home = homes[input] as View;
    copies.push({
      executable: await scratch.copy(),
      inputs: { from: viewOf(buffer, [length]) },
      outputs: { to: viewOf(home.buffer, [length], home.offset) },
    });
  }
  return [{ executable: program.executable, inputs, outputs }, ...copies];
}
