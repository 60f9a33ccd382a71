/**
 * Fields of random numbers that a seed stands for: element i is a function of (seed, stream, i), the same on all machines. Transforms keep the
 * seed as their parameter.
 */

import { Kernel } from "../../kernels/kernel.ts";
import { wasm } from "../../kernels/pixel-wasm.ts";

type Fill = (target: number, first: number, count: number, key0: number, key1: number, stream: number) => void;

interface Functions {
  readonly words: Fill;
  readonly uniforms: Fill;
  readonly normals: Fill;
  readonly laplaces: Fill;
  add8(pixels: number, noise: number, count: number, scale: number): void;
}

type Kind = "words" | "uniforms" | "normals" | "laplaces";

/** Numbers made at once: few enough to stay in the processor's cache. A multiple of 16, for the kernel. */
const batch = 16384;

let made: Kernel<Functions> | undefined;

/** The kernel, compiled when first needed. */
function kernel(): Kernel<Functions> {
  made ??= new Kernel<Functions>(wasm);
  return made;
}

/**
 * Makes a field batch by batch.
 *
 * @param noise - Address where each batch is put.
 * @param take - Gets the number of each batch's first element and its length.
 */
function eachBatch(
  kind: Kind,
  seed: number,
  stream: number,
  count: number,
  noise: number,
  take: (first: number, length: number) => void,
): void {
  const { functions } = kernel();
  for (let first = 0; first < count; first += batch) {
    const length = Math.min(batch, count - first);
    functions[kind](noise, first, length, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, stream);
    take(first, length);
  }
}

/** The bytes of a field. */
function bytesOf(kind: Kind, seed: number, count: number, stream: number): ArrayBuffer {
  kernel().reset();
  const noise = kernel().reserve(4 * batch);
  const bytes = new Uint8Array(4 * count);
  eachBatch(kind, seed, stream, count, noise, (first, length) =>
    bytes.set(kernel().bytes(noise, 4 * length), 4 * first),
  );
  return bytes.buffer;
}

/**
 * Random uint32.
 *
 * @param seed - [0, 2^53).
 * @param stream - Which of a seed's independent fields [0, 2^32).
 */
export function wordField(seed: number, count: number, stream = 0): Uint32Array<ArrayBuffer> {
  return new Uint32Array(bytesOf("words", seed, count, stream));
}

/** Numbers in [0, 1), of 24 random bits. */
export function uniformField(seed: number, count: number, stream = 0): Float32Array<ArrayBuffer> {
  return new Float32Array(bytesOf("uniforms", seed, count, stream));
}

/** Standard normal variates. */
export function normalField(seed: number, count: number, stream = 0): Float32Array<ArrayBuffer> {
  return new Float32Array(bytesOf("normals", seed, count, stream));
}

/** Laplace variates of scale 1. */
export function laplaceField(seed: number, count: number, stream = 0): Float32Array<ArrayBuffer> {
  return new Float32Array(bytesOf("laplaces", seed, count, stream));
}

/** 8-bit values plus `scale` times variates of a kind, rounded and clipped; the noise never leaves the kernel. */
export function addNoise(
  values: Uint8Array,
  kind: "normals" | "laplaces",
  seed: number,
  scale: number,
): Uint8Array<ArrayBuffer> {
  kernel().reset();
  const noise = kernel().reserve(4 * batch);
  const pixels = kernel().reserve(batch);
  const noisy = new Uint8Array(values.length);
  eachBatch(kind, seed, 0, values.length, noise, (first, length) => {
    const chunk = kernel().bytes(pixels, length);
    chunk.set(values.subarray(first, first + length));
    kernel().functions.add8(pixels, noise, length, scale);
    noisy.set(chunk, first);
  });
  return noisy;
}
