import type { Value } from "../graph/graph.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { failInput } from "./_check.ts";
import type { Layer } from "./layer.ts";

/**
 * Adds a layer's input to its output: y = x + inner(x).
 *
 * It adds no name of its own: the parameters are called what they are called in `inner`.
 *
 * @shape x [...] → [...]
 * @param inner - A layer whose output is shaped like its input.
 * @throws ShapeError when applied to an input whose shape `inner` changes.
 * @source He et al., "Deep Residual Learning for Image Recognition", 2015, https://arxiv.org/abs/1512.03385, eq. 1.
 */
export function residual(inner: Layer): Layer {
  return {
    type: "layer",
    parameters: inner.parameters,
    apply: (scope, x: Value) => {
      const y = inner.apply(scope, x);
      if (!sameShape(x.shape, y.shape))
        failInput("residual", scope, x, `the inner layer must keep its shape, and gave ${formatShape(y.shape)}`);
      return scope.g.op("Add", [x, y]);
    },
  };
}
