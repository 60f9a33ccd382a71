/** The steps of a pipeline: read from JSON, checked once, and walked for each sample. */

import { z } from "zod";
import { explain } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { type Distribution, drawWhole, whole } from "./distribution.ts";
import type { Draw, Transform } from "./transform.ts";
import * as transforms from "./transforms.ts";

/** A step as the user writes it: a transform with its configuration, or a combinator with further steps. */
export interface Step {
  /** Name of the transform or combinator. */
  readonly op: string;
  /** How often the step happens at all, [0, 1]. @defaultValue 1 */
  readonly probability?: number;
  readonly [option: string]: unknown;
}

/** Called for each transform that happens, with what it draws from. */
export type Visit = (transform: Transform<unknown, unknown>, config: unknown, draw: Draw) => void;

/** A step that was checked. */
export type CheckedStep = (draw: Draw, visit: Visit) => void;

const registry = transforms as unknown as Readonly<Record<string, Transform<unknown, unknown>>>;
const combinators = ["Sequential", "SomeOf", "OneOf", "Sometimes"] as const;

/** The transform of a name; undefined if there is none. */
export function transformNamed(name: string): Transform<unknown, unknown> | undefined {
  return Object.hasOwn(registry, name) ? registry[name] : undefined;
}

/** Names of all transforms, sorted. */
export function transformNames(): string[] {
  return Object.keys(registry).sort();
}

function refuse(place: string, received: string, rule: string, hint?: string): never {
  throw new TypeError(explain({ api: "pipeline", action: `use ${place}`, received, rule, hint }));
}

/** The first thing that a schema says about a value, as one line. */
export function parsed<Value>(schema: z.ZodType<Value>, value: unknown, place: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const path = issue.path.map(String).join(".");
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  return refuse(
    place,
    path === "" ? issue.message : `got ${path} ${JSON.stringify(found)}`,
    path === "" ? "see its options" : issue.message,
  );
}

const probability = z.number().min(0).max(1);
const order = z.enum(["fixed", "random"]).default("fixed");
const steps = z.array(z.unknown());

/** Checks steps, and those inside of them. */
export function checkSteps(list: readonly unknown[], place: string): CheckedStep[] {
  return list.map((step, i) => checkStep(step, `${place}[${i}]`));
}

function checkStep(step: unknown, place: string): CheckedStep {
  if (typeof step !== "object" || step === null || !("op" in step) || typeof step.op !== "string")
    return refuse(place, `got ${JSON.stringify(step)}`, 'a step is an object with the name of its transform as "op"');
  const { op, probability: chance = 1, ...options } = step as Step;
  const named = `${place} ("${op}")`;
  const p = parsed(probability, chance, `the probability of ${named}`);
  const act = combinator(op, options, named) ?? leaf(op, options, named);
  return (draw, visit) => {
    if (p === 1 || draw.child("probability").chance(p)) act(draw, visit);
  };
}

function leaf(op: string, options: object, place: string): CheckedStep {
  const transform = transformNamed(op);
  if (transform === undefined) {
    const close = nearest(op, [...combinators, ...transformNames()]);
    return refuse(place, "got an unknown name", "must be a transform", close && `did you mean "${close}"?`);
  }
  const config = parsed(transform.config, options, place);
  return (draw, visit) => visit(transform, config, draw.child(op));
}

/** Runs steps, each with numbers of its own: those of its place in the list, whatever the order. */
function runAll(list: readonly CheckedStep[], indices: readonly number[], draw: Draw, visit: Visit): void {
  for (const i of indices) list[i]?.(draw.child(String(i)), visit);
}

/** The first `count` numbers below `size` in random order (Fisher and Yates). */
function shuffled(size: number, count: number, draw: Draw): number[] {
  const indices = Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = draw.integer(i, size - 1);
    [indices[i], indices[j]] = [indices[j] as number, indices[i] as number];
  }
  return indices.slice(0, count);
}

function combinator(op: string, options: object, place: string): CheckedStep | undefined {
  const inner = (list: readonly unknown[]): CheckedStep[] => checkSteps(list, `${place}.steps`);
  switch (op) {
    case "Sequential": {
      const config = parsed(z.strictObject({ steps, order }), options, place);
      return sequential(inner(config.steps), config.order);
    }
    case "SomeOf": {
      const config = parsed(z.strictObject({ steps, order, count: whole({ min: 0 }) }), options, place);
      return someOf(inner(config.steps), config.order, config.count);
    }
    case "OneOf": {
      const config = parsed(
        z.strictObject({ steps: steps.min(1), weights: z.array(z.number().min(0)).optional() }),
        options,
        place,
      );
      const { weights = config.steps.map(() => 1) } = config;
      if (weights.length !== config.steps.length || !weights.some((weight) => weight > 0))
        return refuse(place, `got ${weights.length} weights`, `needs ${config.steps.length}, and one above 0`);
      return oneOf(inner(config.steps), weights);
    }
    case "Sometimes": {
      const config = parsed(z.strictObject({ p: probability, steps, otherwise: steps.default([]) }), options, place);
      const [then, otherwise] = [inner(config.steps), checkSteps(config.otherwise, `${place}.otherwise`)];
      return (draw, visit) => {
        const isTaken = draw.child("p").chance(config.p);
        sequential(isTaken ? then : otherwise, "fixed")(draw.child(isTaken ? "steps" : "otherwise"), visit);
      };
    }
    default:
      return undefined;
  }
}

/** All steps; a random order is drawn anew for each sample. */
export function sequential(list: readonly CheckedStep[], order: "fixed" | "random"): CheckedStep {
  const fixed = list.map((_, i) => i);
  return (draw, visit) => {
    const indices = order === "fixed" ? fixed : shuffled(list.length, list.length, draw.child("order"));
    runAll(list, indices, draw, visit);
  };
}

function someOf(list: readonly CheckedStep[], order: "fixed" | "random", count: Distribution): CheckedStep {
  return (draw, visit) => {
    const many = Math.min(list.length, drawWhole(count, draw.child("count")));
    const chosen = shuffled(list.length, many, draw.child("choice"));
    runAll(list, order === "fixed" ? chosen.sort((a, b) => a - b) : chosen, draw, visit);
  };
}

function oneOf(list: readonly CheckedStep[], weights: readonly number[]): CheckedStep {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const last = weights.findLastIndex((weight) => weight > 0);
  return (draw, visit) => {
    let left = draw.child("choice").uniform(0, total);
    let chosen = 0;
    // Rounding may leave a hair beyond the last.
    while (chosen < last && left >= (weights[chosen] as number)) left -= weights[chosen++] as number;
    runAll(list, [chosen], draw, visit);
  };
}
