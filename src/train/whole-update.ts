/** The update of a step as part of one graph: every parameter with its slots, totals, and what parameters share. */

import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import type { FeedbackState, ParameterSpec, Slot, Transform, UpdateContext } from "../optim/transform.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { savedName } from "./arena.ts";
import { prefixes } from "./step-graph.ts";
import {
  applyRefresh,
  applyTransform,
  measure,
  scalarInput,
  scalarInputs,
  sharedInput,
  slotDType,
  slotInput,
  slotShape,
} from "./update-graph.ts";

/** State of a whole step: a tensor that enters under `name` and leaves under `next/name`. */
export interface StateEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Value of every element before the first step; `null` for parameters, which have initialisers. */
  readonly fill: number | null;
  /** The parameter (by path) of which this is a copy before the first step, instead of being filled. */
  readonly copyOf?: string;
  /** Its name in the state of a step program, and so in checkpoints. */
  readonly saved: string;
}

/** Parameters that one transformation updates. */
interface Group {
  readonly transform: Transform;
  readonly index: number;
  readonly scalars: Readonly<Record<string, Value>>;
  readonly shared: Readonly<Record<string, Value>>;
  readonly members: { readonly path: string; readonly context: UpdateContext }[];
}

/** What an update is made of. */
export interface WholeUpdateInputs {
  readonly g: Builder;
  /** What is trained, with its transformation, value and gradient. */
  readonly members: readonly {
    readonly spec: ParameterSpec;
    readonly transform: Transform;
    readonly value: Value;
    readonly gradient: Value;
    readonly curvature?: Value;
  }[];
  readonly globalNorm: Value | null;
}

/** An update that was appended to a graph. */
export interface WholeUpdate {
  /** Slots and shared numbers, in the order in which they were declared. */
  readonly state: readonly StateEntry[];
  /** Scalar inputs as a function of the steps completed, and of what metrics made of the optimizer. */
  scalars(step: number, feedbackOf?: (transform: Transform) => FeedbackState | undefined): Record<string, number>;
}

/**
 * Appends the update of all parameters to a graph: outputs `next/<path>`, `next/<slot>`, `next/<shared>`.
 *
 * Slots are refreshed at every step, taken or not: one graph cannot leave out a part of itself.
 *
 * @param inputs - What is updated.
 */
export function appendUpdate({ g, members, globalNorm }: WholeUpdateInputs): WholeUpdate {
  const state: StateEntry[] = [];
  const groups = new Map<Transform, Group>();
  for (const { spec, transform, value, gradient, curvature } of members) {
    const { path, shape } = spec;
    const group = groups.get(transform) ?? newGroup(g, transform, groups.size, state);
    groups.set(transform, group);
    const slots: Record<string, Value> = {};
    for (const [slot, declared] of Object.entries(transform.slots)) {
      const entry = slotEntry(slot, declared, path, shape, transform);
      slots[slot] = g.input(entry.name, entry.dtype, entry.shape);
      state.push(entry);
    }
    group.members.push({
      path,
      context: {
        g,
        gradient,
        parameter: value,
        state: slots,
        scalars: group.scalars,
        globalNorm,
        shared: group.shared,
        ...(curvature === undefined ? {} : { curvature }),
      },
    });
  }
  for (const group of groups.values()) g.scope("update", () => updateGroup(g, group));
  return {
    state,
    scalars: (step, feedbackOf) => {
      const result: Record<string, number> = {};
      for (const { transform, index } of groups.values()) {
        for (const [name, value] of Object.entries(transform.scalars(step, feedbackOf?.(transform))))
          result[scalarInput(`${index}/${name}`)] = value;
        if (transform.refresh !== undefined)
          result[refreshInput(index)] = step % (transform.refreshEvery ?? 1) === 0 ? 1 : 0;
      }
      return result;
    },
  };
}

/** Name of the input that is 1 at steps at which slots are refreshed. */
function refreshInput(group: number): string {
  return `refresh/${group}`;
}

function newGroup(g: Builder, transform: Transform, index: number, state: StateEntry[]): Group {
  const sharedName = (name: string) => sharedInput(`${index}/${name}`);
  for (const [name, fill] of Object.entries(transform.shared ?? {}))
    state.push({ name: sharedName(name), shape: [], dtype: "float32", fill, saved: savedName.shared(name, index) });
  return {
    transform,
    index,
    scalars: scalarInputs(g, Object.keys(transform.scalars(0)), (name) => scalarInput(`${index}/${name}`)),
    shared: scalarInputs(g, Object.keys(transform.shared ?? {}), sharedName),
    members: [],
  };
}

function slotEntry(slot: string, declared: Slot, path: string, shape: Shape, transform: Transform): StateEntry {
  return {
    name: slotInput(slot, path),
    shape: slotShape(declared, shape),
    dtype: slotDType(declared),
    fill: declared.fill,
    ...(declared.start === "parameter" ? { copyOf: path } : {}),
    saved: savedName.slot(slot, path, transform),
  };
}

/** Totals first, then each parameter, then what they share. */
function updateGroup(g: Builder, { transform, index, scalars, shared, members }: Group): void {
  const due = transform.refresh === undefined ? undefined : g.input(refreshInput(index), "float32", []);
  const measured = members.map(({ context }) => measure(transform, context));
  const totals = Object.fromEntries(
    (transform.totals ?? []).map((name) => [
      name,
      sumOf(
        g,
        measured.map((of) => of[name] as Value),
      ),
    ]),
  );
  for (const { path, context: own } of members) {
    const context = { ...own, totals };
    // One graph cannot leave out a part of itself: what is not due is computed, and not taken.
    const refreshed = Object.entries(applyRefresh(transform, context)).map(([slot, value]): [string, Value] => [
      slot,
      g.op("Where", [g.op("Greater", [due as Value, g.scalar(0)]), value, context.state[slot] as Value]),
    ]);
    const state = { ...context.state, ...Object.fromEntries(refreshed) };
    const result = applyTransform(transform, { ...context, state });
    g.output(prefixes.next + path, g.op("Add", [context.parameter, result.update]));
    for (const [slot, value] of Object.entries({ ...Object.fromEntries(refreshed), ...result.state }))
      g.output(prefixes.next + slotInput(slot, path), value);
  }
  const next = transform.share?.({ g, scalars, totals, shared }) ?? shared;
  for (const name of Object.keys(shared))
    g.output(prefixes.next + sharedInput(`${index}/${name}`), next[name] as Value);
}

/** Sum of scalars. */
export function sumOf(g: Builder, values: readonly Value[]): Value {
  return values.reduce((sum, value) => g.op("Add", [sum, value]));
}
