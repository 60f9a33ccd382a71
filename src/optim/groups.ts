/** Different transformations for different parameters. */

import { explain, GraphError } from "../base/errors.ts";
import type { ParameterSpec, Transform } from "./transform.ts";

/** Parameters that are treated alike, and how. */
export interface Group {
  /** Which parameters: a pattern for their path, or a predicate. */
  readonly match: RegExp | ((parameter: ParameterSpec) => boolean);
  readonly transform: Transform;
}

/**
 * Gives each parameter the transformation of the first group that matches it.
 *
 * For learning rates per layer, embeddings trained otherwise than matrices, or a new head on a frozen trunk. The global
 * norm, where a group clips by it, is still that of all gradients of the model.
 *
 * @param list - Groups in order of precedence.
 * @param otherwise - For parameters that no group matches.
 * @returns A transformation that exists per parameter only: take `forParameter` before building. Memory: that of each
 * group.
 * @source Parameter groups as in PyTorch, https://docs.pytorch.org/docs/stable/optim.html#per-parameter-options, and
 * `optax.partition`.
 *
 * @example A tenth of the rate for the trunk
 * ```ts
 * import assert from "node:assert/strict";
 * import { adam, groups } from "cameo/optim";
 *
 * const trunk = { match: /^trunk\./, transform: adam({ learningRate: 1e-4 }) };
 * const optimizer = groups([trunk], adam({ learningRate: 1e-3 }));
 * const rate = (path: string) =>
 *   optimizer.forParameter?.({ path, shape: [2], dtype: "float32" }).scalars(1e6).negativeRate;
 * assert.deepEqual([rate("trunk.bias"), rate("head.bias")], [-1e-4, -1e-3]);
 * ```
 */
export function groups(list: readonly Group[], otherwise: Transform): Transform {
  const transforms = [...list.map((group) => group.transform), otherwise];
  return {
    name: `groups(${transforms.map((transform) => transform.name).join(", ")})`,
    slots: {},
    elementwise: transforms.every((transform) => transform.elementwise),
    needsGlobalNorm: transforms.some((transform) => transform.needsGlobalNorm === true),
    scalars: () => ({}),
    update({ parameter }) {
      throw new GraphError(
        explain({
          api: "groups",
          action: `update "${parameter.name}"`,
          received: "got no choice of group",
          rule: "the transform of a parameter is forParameter's",
        }),
      );
    },
    forParameter(parameter) {
      const chosen = list.find((group) => matches(group.match, parameter))?.transform ?? otherwise;
      return chosen.forParameter?.(parameter) ?? chosen;
    },
  };
}

/** `search` and not `test`: it ignores the memory of a global pattern. */
function matches(match: Group["match"], parameter: ParameterSpec): boolean {
  return typeof match === "function" ? match(parameter) : parameter.path.search(match) !== -1;
}
