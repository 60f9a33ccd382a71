import { expect, test } from "vitest";
import { makeTree } from "./_tree.ts";
import { programs } from "./named.ts";

test("programs maps names to the benches and fixture makers that exist", () => {
  const from = makeTree({
    "bench/matmul.bench.ts": "",
    "bench/peers/torch.py": "",
    "fixtures/optim/make.py": "",
    "fixtures/text/make.ts": "",
  });
  expect([...programs(from, "bench")]).toEqual([["matmul", "bench/matmul.bench.ts"]]);
  expect([...programs(from, "fixtures")]).toEqual([
    ["optim", "fixtures/optim/make.py"],
    ["text", "fixtures/text/make.ts"],
  ]);
  expect(programs(from, "songs").size).toBe(0);
});
