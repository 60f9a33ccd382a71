/**
 * Layers. A layer is data (its parameters, as declarations) and a pure function that builds graph nodes; it holds no
 * numbers and has no modes. Names are paths: the parameter `weight` of the part `up` of the part `mlp` of block 0 is
 * `"blocks.0.mlp.up.weight"` everywhere: in graphs, checkpoints and exported files.
 */

import { explain, GraphError, ShapeError } from "../base/errors.ts";
import type { RandomStream } from "../base/random.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";

/**
 * Fills a parameter before training.
 *
 * @param shape - Shape of the parameter.
 * @param data - Zeroed memory to fill, row-major.
 * @param stream - Random numbers that belong to this parameter alone.
 */
export type Initializer = (shape: Shape, data: TypedArray, stream: RandomStream) => void;

/** Declaration of one tensor that a layer owns. */
export interface Parameter {
  readonly type: "parameter";
  readonly shape: Shape;
  readonly dtype: DType;
  readonly initialize: Initializer;
  /** False for tensors that the optimizer leaves alone (running statistics, frozen weights). */
  readonly trainable: boolean;
}

/** Parameters of a layer by name, nested as its parts are. */
export type ParameterTree = { readonly [name: string]: Parameter | ParameterTree };

/** What a layer sees while it builds its nodes. */
export interface Scope {
  readonly g: Builder;
  /** Path of the layer in the model, `""` at the root. */
  readonly path: string;
  /** True while a training step is built: dropout drops, batch statistics are used. */
  readonly training: boolean;
  /** The tensor under a path (relative to this scope). */
  parameter(name: string): Value;
  /** Replaces a non-trainable tensor after the step (running statistics). */
  update(name: string, value: Value): void;
  /** Scalar uint32-valued int32 that differs in every step: the seed of in-graph randomness. */
  stepSeed(): Value;
  /** The scope of a part. */
  child(name: string): Scope;
}

/** A part of a model: its parameters, and how it turns an input into an output. */
export interface Layer<I = Value, O = Value> {
  readonly type: "layer";
  readonly parameters: ParameterTree;
  apply(scope: Scope, input: I): O;
}

/** What {@link layer} is made from: parameters and layers by name; a list numbers its layers; `null` is left out. */
// biome-ignore lint/suspicious/noExplicitAny: parts of any input and output
export type Parts = { readonly [name: string]: Parameter | Layer<any, any> | readonly Layer<any, any>[] | null };

/** The parts as the body of a layer uses them: values for parameters, functions for layers. */
export type Used<P extends Parts> = {
  readonly [K in keyof P]: P[K] extends Parameter
    ? Value
    : P[K] extends Layer<infer I, infer O>
      ? (input: I) => O
      : P[K] extends readonly Layer<infer I, infer O>[]
        ? readonly ((input: I) => O)[]
        : P[K] extends Parameter | null
          ? Value | null
          : null;
};

/**
 * Declares a parameter.
 *
 * @param shape - Its shape.
 * @param initialize - How it is filled before training.
 * @param options - `trainable` (default true) and `dtype` (default float32).
 */
export function parameter(
  shape: Shape,
  initialize: Initializer,
  options: { readonly trainable?: boolean; readonly dtype?: DType } = {},
): Parameter {
  if (shape.some((length) => !Number.isInteger(length) || length < 1))
    throw new ShapeError(
      explain({
        api: "parameter",
        action: `declare ${formatShape(shape)}`,
        received: "an axis is not a positive integer",
        rule: "all must be",
      }),
    );
  return {
    type: "parameter",
    shape,
    dtype: options.dtype ?? "float32",
    initialize,
    trainable: options.trainable ?? true,
  };
}

/**
 * Makes a layer from its parts and a function that uses them.
 *
 * @param parts - Parameters and inner layers by name; the names become path segments.
 * @param body - Builds the output from the input; gets each part ready to use, and the scope.
 * @returns The layer.
 *
 * @example A layer that scales its input by a learnt factor
 * ```ts
 * import assert from "node:assert/strict";
 * import { layer, parameter } from "cameo/nn";
 *
 * const gain = (size: number) =>
 *   layer({ weight: parameter([size], (_, data) => data.fill(1 as never)) }, ({ weight }, x, { g }) => g.op("Mul", [x, weight]));
 * assert.deepEqual(Object.keys(gain(8).parameters), ["weight"]);
 * ```
 */
export function layer<P extends Parts, I = Value, O = Value>(
  parts: P,
  body: (parts: Used<P>, input: I, scope: Scope) => O,
): Layer<I, O> {
  return {
    type: "layer",
    parameters: treeOf(parts),
    apply: (scope, input) => {
      const used: Record<string, unknown> = {};
      for (const [name, part] of Object.entries(parts)) used[name] = use(scope, name, part);
      return body(used as Used<P>, input, scope);
    },
  };
}

function treeOf(parts: Parts): ParameterTree {
  const tree: Record<string, Parameter | ParameterTree> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part === null) continue;
    if (isList(part)) tree[name] = Object.fromEntries(part.map((inner, i) => [String(i), inner.parameters]));
    else tree[name] = part.type === "parameter" ? part : part.parameters;
  }
  return tree;
}

// biome-ignore lint/suspicious/noExplicitAny: parts of any input and output
function isList(part: Exclude<Parts[string], null>): part is readonly Layer<any, any>[] {
  return Array.isArray(part);
}

function use(scope: Scope, name: string, part: Parts[string]): unknown {
  if (part === null) return null;
  if (isList(part)) {
    const inner = scope.child(name);
    return part.map((item, i) => {
      const at = inner.child(String(i));
      return (input: unknown) => scope.g.scope(`${name}.${i}`, () => item.apply(at, input));
    });
  }
  if (part.type === "parameter") return scope.parameter(name);
  const at = scope.child(name);
  return (input: unknown) => scope.g.scope(name, () => part.apply(at, input));
}

/**
 * All parameters under their paths, in the order in which they were declared.
 *
 * @param tree - Of a layer or a model.
 * @param prefix - Path of the tree itself; `""` for a whole model.
 */
export function flattenParameters(tree: ParameterTree, prefix = ""): Map<string, Parameter> {
  const flat = new Map<string, Parameter>();
  for (const [name, entry] of Object.entries(tree)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (isParameter(entry)) flat.set(path, entry);
    else for (const [inner, value] of flattenParameters(entry, path)) flat.set(inner, value);
  }
  return flat;
}

/** Trainable numbers in a tree of parameters. */
export function countParameters(tree: ParameterTree): number {
  let count = 0;
  for (const { shape, trainable } of flattenParameters(tree).values()) if (trainable) count += sizeOf(shape);
  return count;
}

function isParameter(entry: Parameter | ParameterTree): entry is Parameter {
  return entry.type === "parameter";
}

/** Options of {@link rootScope}. */
export interface RootScopeOptions {
  /** True to build a training step: dropout drops, batch statistics are used and replaced. */
  readonly training: boolean;
  /** Where the tensors of the paths come from; called once per path. */
  readonly values: (path: string) => Value;
  /** Called when a layer replaces a non-trainable tensor. */
  readonly onUpdate?: (path: string, value: Value) => void;
  /** Called when a layer needs in-graph randomness. */
  readonly stepSeed?: () => Value;
}

/** The scope in which a whole model is built. */
export function rootScope(g: Builder, options: RootScopeOptions): Scope {
  const known = new Map<string, Value>();
  const at = (path: string): Scope => {
    const join = (name: string) => (path === "" ? name : `${path}.${name}`);
    return {
      g,
      path,
      training: options.training,
      parameter: (name) => {
        const full = join(name);
        let value = known.get(full);
        if (value === undefined) {
          value = options.values(full);
          known.set(full, value);
        }
        return value;
      },
      update: (name, value) => {
        const current = at(path).parameter(name);
        if (!sameShape(current.shape, value.shape))
          throw new ShapeError(
            explain({
              api: "scope.update",
              action: `replace "${join(name)}" ${formatShape(current.shape)}`,
              received: `got ${formatShape(value.shape)}`,
              rule: "shapes must be equal",
            }),
          );
        options.onUpdate?.(join(name), value);
      },
      stepSeed: () => {
        if (options.stepSeed === undefined)
          throw new GraphError(
            explain({
              api: "scope.stepSeed",
              action: "draw random numbers",
              received: "this graph has no seed",
              rule: "only training steps have one",
            }),
          );
        return options.stepSeed();
      },
      child: (name) => at(join(name)),
    };
  };
  return at("");
}
