import { describe, expect, test } from "vitest";
import { randomWeights, smallGpt, trainingLogitsGraph } from "../../test/support/gpts.ts";
import { countParameters, flattenParameters } from "../nn/layer.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { tensor } from "../tensor/tensor.ts";
import { gpt } from "./gpt.ts";

const sizes = { layers: 2, heads: 2, width: 8, context: 4, vocabulary: 11 };

describe("gpt", () => {
  test("has the parameters of nanoGPT, tied head and all", () => {
    // nanoGPT's own count for its CPU recipe is 0.80 M without the position table of 64·128.
    expect(countParameters(gpt({ layers: 4, heads: 4, width: 128, context: 64, vocabulary: 65 }).parameters)).toBe(
      804_096,
    );
    expect(
      countParameters(
        gpt({ layers: 12, heads: 12, width: 768, context: 1024, vocabulary: 50257, bias: true }).parameters,
      ),
    ).toBe(124_439_808);
    expect([...flattenParameters(gpt({ ...sizes, layers: 1 }).parameters).keys()]).toEqual([
      ...[
        "wte.weight",
        "wpe.weight",
        "blocks.0.ln1.weight",
        "blocks.0.attention.qkv.weight",
        "blocks.0.attention.output.weight",
      ],
      ...["blocks.0.ln2.weight", "blocks.0.mlp.up.weight", "blocks.0.mlp.down.weight", "norm.weight"],
    ]);
  });

  test("fills in its options and says what it takes", () => {
    const model = gpt(sizes);
    expect(model.config).toEqual({ ...sizes, bias: false, dropout: 0 });
    expect(model.inputs(3)).toEqual({
      tokens: { dtype: "int32", shape: [12] },
      labels: { dtype: "int32", shape: [12] },
    });
    expect(model.tokens(3)).toBe(12);
  });

  test.each(["layers", "heads", "width", "context", "vocabulary"] as const)(
    "refuses a %s that is no positive integer",
    (name) => {
      for (const value of [0, -1, 1.5, Number.NaN])
        expect(() => gpt({ ...sizes, [name]: value })).toThrow(
          `gpt: cannot use ${name}: got ${value}, must be a positive integer`,
        );
    },
  );

  test("refuses heads that do not divide the width", () => {
    expect(() => gpt({ ...sizes, heads: 3 })).toThrow(/heads must divide width/);
  });

  test("sees only what came before: a later token changes no earlier logits", async () => {
    const model = smallGpt({ bias: true });
    const weights = Object.fromEntries(randomWeights(model));
    const logitsOf = async (ids: readonly number[]) => {
      const tokens = tensor("int32", [8], ids);
      return (await evaluate(trainingLogitsGraph(model, 1), { ...weights, tokens, labels: tokens })).logits
        ?.data as Float32Array;
    };
    const ids = [1, 2, 3, 4, 5, 6, 7, 8];
    const before = await logitsOf(ids);
    for (let changed = 0; changed < 8; changed++) {
      const after = await logitsOf(ids.map((id, i) => (i === changed ? 12 : id)));
      const differs = Array.from({ length: 8 }, (_, position) => {
        const row = (data: Float32Array) => Array.from(data.subarray(position * 13, (position + 1) * 13));
        return row(before).some((value, i) => value !== row(after)[i]);
      });
      expect(differs).toEqual(Array.from({ length: 8 }, (_, position) => position >= changed));
    }
  });
});
