/** Validation that layers share: sizes when a layer is made, shapes when it meets its input. */

import { explain, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Scope } from "./layer.ts";

/**
 * Checks named sizes: `requirePositive("linear", { inputs, outputs })`.
 *
 * @throws RangeError naming the layer, the size and the rule.
 */
export function requirePositive(api: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isSafeInteger(size) || size < 1) refuse(api, name, size, "must be a positive integer");
}

/** Throws RangeError unless the number satisfies the rule that is written beside it. */
export function requireThat(holds: boolean, api: string, name: string, value: unknown, rule: string): void {
  if (!holds) refuse(api, name, value, rule);
}

function refuse(api: string, name: string, value: unknown, rule: string): never {
  throw new RangeError(explain({ api, action: `use ${name}`, received: `got ${String(value)}`, rule }));
}

/** What a layer is called in an error: `linear "blocks.0.mlp.up"`. */
export function layerName(api: string, scope: Scope): string {
  return scope.path === "" ? api : `${api} "${scope.path}"`;
}

/** Throws the ShapeError for an input that a layer cannot take. */
export function failInput(api: string, scope: Scope, input: Value, rule: string): never {
  throw new ShapeError(
    explain({
      api: layerName(api, scope),
      action: "take its input",
      received: `got ${input.dtype} ${formatShape(input.shape)}`,
      rule,
    }),
  );
}

/** Throws ShapeError unless the last axis of the input has this length. */
export function requireLastAxis(api: string, scope: Scope, input: Value, size: number): void {
  if (input.shape.at(-1) !== size) failInput(api, scope, input, `its last axis must be ${size}`);
}

/** Throws ShapeError unless the input is [batch, `channels`, …] with a number of spatial axes that the test accepts. */
export function requireChannels(
  api: string,
  scope: Scope,
  input: Value,
  channels: number,
  spatial: { readonly least: number; readonly most: number },
): void {
  const count = input.shape.length - 2;
  if (input.shape[1] === channels && count >= spatial.least && count <= spatial.most) return;
  const { least, most } = spatial;
  const axes = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  failInput(api, scope, input, `must be [batch, ${channels}, and ${axes} spatial ${axes === "1" ? "axis" : "axes"}]`);
}

/** A number for every spatial axis, or one number for all of them. */
export type PerAxis = number | readonly number[];

/**
 * The numbers of a {@link PerAxis}, one per axis.
 *
 * @throws RangeError unless there is one for each of `axes`, an integer of at least `least`.
 */
export function perAxis(api: string, name: string, value: PerAxis, axes: number, least: number): readonly number[] {
  const list = typeof value === "number" ? new Array<number>(axes).fill(value) : value;
  const given = typeof value === "number" ? value : `[${value.join(", ")}]`;
  requireThat(
    list.length === axes && list.every((entry) => Number.isSafeInteger(entry) && entry >= least),
    api,
    name,
    given,
    axes === 1 ? `must be an integer of at least ${least}` : `must be one integer or ${axes}, of at least ${least}`,
  );
  return list;
}
