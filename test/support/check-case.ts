/** Checks one row of an operator's case table on ONNX Runtime: shapes, expected values, first and second derivatives. */

import type { Value } from "../../src/graph/graph.ts";
import { compile } from "../../src/runtime/evaluate.ts";
import { formatShape, sameShape, sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { addGradients, addOutputs, buildCase, streamOf } from "./build-case.ts";
import type { OperatorCase } from "./operator-case.ts";

/** What a row was found to satisfy; `null` where it does not apply or is skipped with the row's reason. */
export interface CaseReport {
  readonly gradientError: number | null;
  readonly secondOrderError: number | null;
}

type Feeds = Record<string, Tensor>;

/**
 * Runs all properties of one row.
 *
 * @throws Error naming the property that fails and by how much.
 */
export async function checkCase(row: OperatorCase): Promise<CaseReport> {
  const dtype = row.dtype ?? "float64";
  const stream = streamOf(row);
  const built = buildCase(row);
  const { g, outputs, feeds, variables } = built;
  const first = addOutputs(built, row);
  const firstGradients = first?.gradients.filter((value) => value !== null && value.constant === undefined) as
    | Value[]
    | undefined;
  const second =
    first !== null && firstGradients !== undefined && firstGradients.length > 0 && row.skipSecondOrder === undefined
      ? addGradients(g, firstGradients, variables, stream.child("seed2"), "dd")
      : null;

  await using compiled = await compile(g.build());
  const at = await compiled.run(feeds);
  for (const [i, output] of outputs.entries()) checkSignature(`y${i}`, at[`y${i}`] as Tensor, output);
  if (row.expected !== undefined) checkExpected(at.y0 as Tensor, row.expected);

  const step = dtype === "float64" ? 1e-6 : 1e-2;
  const tolerance = row.tolerance ?? (dtype === "float64" ? 1e-5 : 2e-3);
  const direction = new Map(
    variables.map((value) => {
      const child = stream.child(`direction/${value.name}`);
      return [value.name, Float64Array.from({ length: sizeOf(value.shape) }, (_, i) => child.uniform(i) * 2 - 1)];
    }),
  );
  if (first === null) return { gradientError: null, secondOrderError: null };
  const forward = await compiled.run(moved(feeds, direction, step));
  const backward = await compiled.run(moved(feeds, direction, -step));
  const compare = (part: NonNullable<typeof first>, what: string): number => {
    const numeric = (part.evaluate(forward) - part.evaluate(backward)) / (2 * step);
    let analytic = 0;
    let scale = 0;
    for (const [name, vector] of direction) {
      const gradient = at[`${part.prefix}_${name}`];
      if (gradient === undefined) continue;
      for (let i = 0; i < vector.length; i++) {
        const term = Number(gradient.data[i]) * (vector[i] as number);
        analytic += term;
        scale += Math.abs(term);
      }
    }
    const error = Math.abs(numeric - analytic) / Math.max(1, scale, Math.abs(part.evaluate(at)) * 0.1);
    if (!(error <= tolerance))
      throw new Error(
        `${what}: central difference ${numeric}, product with the gradient ${analytic}, error ${error} > ${tolerance}`,
      );
    return error;
  };
  return {
    gradientError: compare(first, "gradient"),
    secondOrderError: second === null ? null : compare(second, "second-order gradient"),
  };
}

function moved(feeds: Feeds, direction: ReadonlyMap<string, Float64Array>, step: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => {
      const vector = direction.get(name);
      if (vector === undefined) return [name, feed];
      return [
        name,
        tensor(
          feed.dtype,
          feed.shape,
          Float64Array.from(vector, (d, i) => Number(feed.data[i]) + step * d),
        ),
      ];
    }),
  );
}

function checkSignature(name: string, got: Tensor, inferred: Value): void {
  if (got.dtype !== inferred.dtype || !sameShape(got.shape, inferred.shape))
    throw new Error(
      `${name}: inferred ${inferred.dtype} ${formatShape(inferred.shape)}, ran as ${got.dtype} ${formatShape(got.shape)}`,
    );
}

function checkExpected(got: Tensor, expected: readonly number[]): void {
  const values = Array.from(got.data as ArrayLike<number | bigint>, Number);
  const close =
    values.length === expected.length &&
    values.every((v, i) => Math.abs(v - (expected[i] as number)) <= 1e-6 * Math.max(1, Math.abs(v)));
  if (!close) throw new Error(`y0: expected ${JSON.stringify(expected)}, got ${JSON.stringify(values)}`);
}
