import { expect, test } from "vitest";
import { sharesOf } from "./_bench-profile.ts";

const node = (op_name: string, dur: number) => ({
  cat: "Node",
  name: `${op_name}_0_kernel_time`,
  dur,
  args: { op_name },
});

test("kernels of the host are added up by operator and step", () => {
  const events = [
    node("Gemm", 3000),
    node("Gemm", 1000),
    node("Add", 1000),
    { cat: "Node", name: "Add_0_fence_before", dur: 9000 },
    { cat: "Session", name: "model_run", dur: 9000 },
  ];
  expect(sharesOf(events, 2)).toEqual([
    { operator: "Gemm", msPerStep: 2, kernels: 1, share: 0.8 },
    { operator: "Add", msPerStep: 0.5, kernels: 0.5, share: 0.2 },
  ]);
});

test("where a GPU measured its kernels, those count", () => {
  const events = [node("Gemm", 90), { cat: "Api", name: "grad/ReduceSum_1&ReduceSum&Transpose", dur: 4000 }];
  expect(sharesOf(events, 1)).toEqual([{ operator: "ReduceSum", msPerStep: 4, kernels: 1, share: 1 }]);
});

test("a profile without kernels has no shares", () => {
  expect(sharesOf([], 1)).toEqual([]);
});
