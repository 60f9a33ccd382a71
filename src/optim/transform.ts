/**
 * Gradient transformations: the pair of optax (state to start with, update of one step) on graph values. An optimizer
 * is one of them, usually a chain. Schedules and bias corrections are doubles computed on the host and fed as scalars.
 */

import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** What a transformation may know of a parameter before anything is built. */
export interface ParameterSpec {
  /** Path in the model: `"blocks.0.mlp.up.weight"`. */
  readonly path: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor kept beside each parameter, shaped like it. */
export interface Slot {
  /** Value of every element before the first step. */
  readonly fill: number;
}

/** What {@link Transform.update} builds on. */
export interface UpdateContext {
  readonly g: Builder;
  /** The gradient, or what the transformation before this one in a chain made of it. */
  readonly gradient: Value;
  /** The parameter before the update, of the same shape. */
  readonly parameter: Value;
  /** The transformation's slots, by its own names. */
  readonly state: Readonly<Record<string, Value>>;
  /** The transformation's scalars (shape `[]`), by its own names. */
  readonly scalars: Readonly<Record<string, Value>>;
  /** Global L2 norm of all gradients as a scalar; present when the transformation asked for it. */
  readonly globalNorm: Value | null;
}

/** The update to add to the parameter, and the slots for the next step. */
export interface UpdateResult {
  readonly update: Value;
  readonly state: Readonly<Record<string, Value>>;
}

/** A gradient transformation. Plain data and pure functions: combine with `chain`. */
export interface Transform {
  /** For error messages and recipes: `"adamw"`. */
  readonly name: string;
  /** Slots by name. */
  readonly slots: Readonly<Record<string, Slot>>;
  /**
   * True if every element is updated from the same element of its inputs alone. Such updates run over flat stretches of many
   * parameters at once; the others see each parameter in its own shape.
   */
  readonly elementwise: boolean;
  /** True if {@link UpdateContext.globalNorm} must be there. */
  readonly needsGlobalNorm?: boolean;
  /**
   * Host-side numbers of one step.
   *
   * @param step - Steps completed before this one [steps], from 0.
   * @returns The same names every time.
   */
  scalars(step: number): Readonly<Record<string, number>>;
  /** Builds the update: `parameter ← parameter + update`. */
  update(context: UpdateContext): UpdateResult;
  /**
   * The transformation to use for one parameter, where that differs between parameters (masks, groups). Must return the same
   * object for parameters that are treated alike.
   */
  forParameter?(parameter: ParameterSpec): Transform;
}

/** Learning rate (or another coefficient) as a pure function of the steps completed, in double precision. */
export type Schedule = (step: number) => number;

/** A constant or a {@link Schedule}. */
export type Scheduled = number | Schedule;
