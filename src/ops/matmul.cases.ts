import type { OperatorCase } from "../../test/support/operator-case.ts";
import type { Shape } from "../tensor/shape.ts";

function matmul(name: string, a: Shape, b: Shape): OperatorCase {
  return { name, op: "MatMul", inputs: [{ shape: a }, { shape: b }] };
}

const bits = [0, 1];

/** All four ways to store the operands of a 3×4 by 4×2 product. */
const gemmTransposes: OperatorCase[] = bits.flatMap((transA) =>
  bits.map((transB) => ({
    name: `transA ${transA}, transB ${transB}`,
    op: "Gemm" as const,
    inputs: [{ shape: transA ? [4, 3] : [3, 4] }, { shape: transB ? [2, 4] : [4, 2] }, { shape: [2] }],
    attributes: { transA, transB, alpha: 0.5, beta: 2 },
  })),
);

const gemmBiases: OperatorCase[] = ([[], [1], [2], [1, 2], [3, 1], [3, 2], [1, 1]] as Shape[]).map((shape) => ({
  name: `C [${shape.join(", ")}]`,
  op: "Gemm",
  inputs: [{ shape: [3, 4] }, { shape: [4, 2] }, { shape }],
  attributes: { beta: -0.5 },
}));

/** Every combination of the four flags on a batched product of 2 × (3×4 by 4×5), read from differently stored operands. */
const fusedTransposes: OperatorCase[] = bits.flatMap((transA) =>
  bits.flatMap((transB) =>
    bits.flatMap((transBatchA) =>
      bits.map((transBatchB) => {
        const stored = (rows: number, columns: number, trans: number, transBatch: number): Shape => {
          const [m, n] = trans ? [columns, rows] : [rows, columns];
          return transBatch ? [m, 2, n] : [2, m, n];
        };
        return {
          name: `transA ${transA}, transB ${transB}, transBatchA ${transBatchA}, transBatchB ${transBatchB}`,
          op: "FusedMatMul" as const,
          inputs: [{ shape: stored(3, 4, transA, transBatchA) }, { shape: stored(4, 5, transB, transBatchB) }],
          attributes: { transA, transB, transBatchA, transBatchB, alpha: 0.25 },
        };
      }),
    ),
  ),
);

export const cases: readonly OperatorCase[] = [
  matmul("2-D by 2-D", [3, 4], [4, 2]),
  matmul("vector by vector", [4], [4]),
  matmul("vector by matrix", [4], [4, 3]),
  matmul("matrix by vector", [3, 4], [4]),
  matmul("vector by stack", [4], [2, 4, 3]),
  matmul("stack by vector", [2, 3, 4], [4]),
  matmul("stack by matrix", [2, 3, 4], [4, 5]),
  matmul("two batch axes by matrix", [2, 2, 3, 4], [4, 5]),
  matmul("stack by stack of one", [2, 3, 4], [1, 4, 5]),
  matmul("matrix by stack", [3, 4], [2, 4, 5]),
  matmul("matrix by stack of one", [3, 4], [1, 4, 5]),
  matmul("stack by stack", [2, 3, 4], [2, 4, 5]),
  matmul("stack of one by stack", [1, 3, 4], [2, 4, 5]),
  matmul("batch axes broadcast both ways", [2, 1, 3, 4], [3, 4, 2]),
  matmul("lengths 1", [1, 1], [1, 1]),
  matmul("an outer product", [3, 1], [1, 4]),
  {
    name: "values",
    op: "MatMul",
    inputs: [
      { shape: [2, 2], values: [1, 2, 3, 4] },
      { shape: [2, 1], values: [5, 6] },
    ],
    expected: [17, 39],
  },
  { name: "no C", op: "Gemm", inputs: [{ shape: [3, 4] }, { shape: [4, 2] }] },
  {
    name: "C absent, transposed, alpha",
    op: "Gemm",
    inputs: [{ shape: [4, 3] }, { shape: [2, 4] }, null],
    attributes: { transA: 1, transB: 1, alpha: 3 },
  },
  { name: "one row and a bias", op: "Gemm", inputs: [{ shape: [1, 4] }, { shape: [4, 2] }, { shape: [2] }] },
  { name: "one column and a bias", op: "Gemm", inputs: [{ shape: [3, 4] }, { shape: [4, 1] }, { shape: [1] }] },
  ...gemmTransposes,
  ...gemmBiases,
  ...fusedTransposes,
  {
    name: "stack by matrix, transB",
    op: "FusedMatMul",
    inputs: [{ shape: [2, 3, 4] }, { shape: [5, 4] }],
    attributes: { transB: 1 },
  },
  {
    name: "2-D, both transposed",
    op: "FusedMatMul",
    inputs: [{ shape: [4, 3] }, { shape: [5, 4] }],
    attributes: { transA: 1, transB: 1 },
  },
  {
    name: "batch broadcast, read in place",
    op: "FusedMatMul",
    inputs: [{ shape: [3, 1, 4] }, { shape: [4, 2, 5] }],
    attributes: { transBatchA: 1, transBatchB: 1 },
  },
  {
    name: "stack of one, transBatchA",
    op: "FusedMatMul",
    inputs: [{ shape: [3, 2, 4] }, { shape: [1, 4, 5] }],
    attributes: { transBatchA: 1 },
  },
  {
    name: "vector by transposed stack",
    op: "FusedMatMul",
    inputs: [{ shape: [4] }, { shape: [2, 3, 4] }],
    attributes: { transB: 1 },
  },
  {
    name: "batch broadcast, transA",
    op: "FusedMatMul",
    inputs: [{ shape: [1, 4, 3] }, { shape: [2, 4, 5] }],
    attributes: { transA: 1 },
  },
  {
    name: "heads read in place",
    op: "FusedMatMul",
    inputs: [{ shape: [3, 2, 2, 4] }, { shape: [5, 2, 2, 4] }],
    attributes: { transBatchA: 1, transBatchB: 1, transB: 1 },
  },
  {
    name: "vector ignores its flag",
    op: "FusedMatMul",
    inputs: [{ shape: [4] }, { shape: [4, 3] }],
    attributes: { transA: 1 },
  },
  {
    name: "vector on the right",
    op: "FusedMatMul",
    inputs: [{ shape: [2, 3, 4] }, { shape: [4] }],
    attributes: { transB: 1, alpha: 2 },
  },
];
