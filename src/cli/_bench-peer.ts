/** PyTorch as a peer of benchmarks: a process that runs the same step from the same weights, one round at a time. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import type { TypedArray } from "../tensor/dtype.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { findPython, type PeerEnvironment, peerFile, startPeer } from "./_peer.ts";

/** A peer process that is ready. */
export interface Peer {
  /** `"torch 2.15.0"`. */
  readonly name: string;
  /** Runs steps; times in ms. */
  run(steps: number): Promise<{ ms: number[]; losses: number[] }>;
  close(): Promise<void>;
}

const torch: PeerEnvironment = {
  name: "torch",
  installs: [{ arguments: ["-r", peerFile("requirements.txt")] }],
  imports: ["torch", "numpy"],
  what: "PyTorch, which downloads a few gigabytes,",
};

/**
 * Starts PyTorch.
 *
 * @param setup - What to run: see the script.
 * @param batch - The batch of every step.
 * @param weights - Where training starts.
 * @param tell - Told what takes time.
 * @returns The peer, or the reason why there is none.
 */
export async function startTorch(
  setup: Readonly<Record<string, unknown>>,
  batch: Readonly<Record<string, Tensor>>,
  weights: ReadonlyMap<string, Tensor>,
  tell: (message: string) => void,
): Promise<Peer | string> {
  const python = findPython(torch, tell);
  if (!python.found) return python.reason;
  const folder = await mkdtemp(join(tmpdir(), "cameo-peer-"));
  const tensors = join(folder, "tensors.safetensors");
  const all = [...weights, ...Object.entries(batch).map(([name, value]) => [`batch/${name}`, value] as const)];
  await writeSafetensors(
    tensors,
    all.map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data: () => data as TypedArray })),
  );
  const { ask, close: stop } = startPeer(python.path, peerFile("torch-step.py"));
  const close = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ready = await ask({ ...setup, tensors });
    return {
      name: `torch ${String(ready.torch)}`,
      run: async (steps) => (await ask({ run: steps })) as { ms: number[]; losses: number[] },
      close,
    };
  } catch (error) {
    await close();
    return `PyTorch did not start: ${messageOf(error)}`;
  }
}
