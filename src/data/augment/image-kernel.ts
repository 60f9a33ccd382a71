/** The kernel `kernels/image.ts`, with arrays put into its memory and taken out of it. */

import type { PixelArray } from "../image.ts";
import { wasm } from "../kernels/image-wasm.ts";
import { Kernel } from "../kernels/kernel.ts";
import { bytesToFill } from "./_recycled.ts";
import type { Resample } from "./transform.ts";

type Values = PixelArray | Int32Array | Float64Array;

interface Functions {
  move(
    source: number,
    target: number,
    width: number,
    height: number,
    start: number,
    stepX: number,
    stepY: number,
    pixelBytes: number,
  ): void;
  padBytes(
    source: number,
    width: number,
    height: number,
    stride: number,
    take: number,
    target: number,
    margin: number,
    border: number,
    fill: number,
  ): void;
  spreadFloats(source: number, pixels: number, stride: number, take: number, target: number, isFloat: number): void;
  useSource(
    pixels: number,
    width: number,
    height: number,
    margin: number,
    border: number,
    pixelBytes: number,
    fill: number,
    patch: number,
  ): void;
  useMap(
    kind: number,
    map: number,
    width: number,
    isNearest: number,
    isExact: number,
    block: number,
    scratch: number,
  ): void;
  warp(
    interpolation: number,
    kind: number,
    margin: number,
    target: number,
    width: number,
    height: number,
    stride: number,
    take: number,
  ): void;
  warpNearest(
    source: number,
    width: number,
    height: number,
    pixelBytes: number,
    border: number,
    fill: number,
    target: number,
    targetWidth: number,
    targetHeight: number,
  ): void;
  gaussianScratch(length: number, channels: number, radius: number): number;
  gaussianBytes(...args: GaussianArguments): void;
  gaussianWords(...args: GaussianArguments): void;
  padFloats(
    source: number,
    kind: number,
    width: number,
    height: number,
    channels: number,
    radiusX: number,
    radiusY: number,
    border: number,
    target: number,
  ): void;
  filter(
    padded: number,
    rowBytes: number,
    offsets: number,
    weights: number,
    taps: number,
    bias: number,
    target: number,
    length: number,
    height: number,
  ): void;
  resizeX(
    source: number,
    kind: number,
    width: number,
    height: number,
    stride: number,
    take: number,
    newWidth: number,
    starts: number,
    counts: number,
    weights: number,
    most: number,
    row: number,
    target: number,
  ): void;
  resizeY(
    source: number,
    width: number,
    newHeight: number,
    starts: number,
    counts: number,
    weights: number,
    most: number,
    target: number,
    kind: number,
    stride: number,
    take: number,
    pixel: number,
  ): void;
  padAround(
    source: number,
    width: number,
    height: number,
    pixelBytes: number,
    margin: number,
    border: number,
    target: number,
  ): void;
  boxBytes(
    padded: number,
    rowBytes: number,
    channels: number,
    size: number,
    length: number,
    height: number,
    target: number,
    sums: number,
  ): void;
  median(
    padded: number,
    rowBytes: number,
    pixelBytes: number,
    size: number,
    lengthBytes: number,
    height: number,
    target: number,
    window: number,
    kind: number,
  ): void;
  storeIntegers(source: number, count: number, kind: number, target: number): void;
}

type GaussianArguments = [
  source: number,
  width: number,
  height: number,
  channels: number,
  radius: number,
  weights: number,
  border: number,
  target: number,
  scratch: number,
];

/** The kernel's numbers of borders. */
export const borderCodes: Readonly<Record<Resample["border"], number>> = {
  constant: 0,
  edge: 1,
  symmetric: 2,
  reflect: 3,
  wrap: 4,
};

/** The kernel's number of a type of values. */
export function typeCode(values: PixelArray | Int32Array): 0 | 1 | 2 {
  if (values instanceof Uint8Array) return 0;
  return values instanceof Uint16Array ? 1 : 2;
}

/** The kernel during one use. */
export interface ImageKernel {
  readonly functions: Functions;
  /** Copies values into the kernel's memory, with 16 bytes of room behind them; returns their address. */
  put(values: Values): number;
  /** Reserves memory; returns its address. */
  reserve(sizeBytes: number): number;
  /** Copies values out into an array of the type of `like`. */
  take<Data extends Values>(like: Data, address: number, length: number): Data;
}

let kernel: Kernel<Functions> | undefined;

/** Calls `use` with the kernel, whose memory is free before and after. */
export function useImageKernel<Result>(use: (kernel: ImageKernel) => Result): Result {
  kernel ??= new Kernel<Functions>(wasm);
  const current = kernel;
  current.reset();
  return use({
    functions: current.functions,
    put(values) {
      const address = current.reserve(values.byteLength + 16);
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      current.bytes(address, values.byteLength).set(bytes);
      return address;
    },
    reserve: (sizeBytes) => current.reserve(sizeBytes),
    take<Data extends Values>(like: Data, address: number, length: number): Data {
      const bytes = bytesToFill(length * like.BYTES_PER_ELEMENT);
      bytes.set(current.bytes(address, bytes.length));
      if (like instanceof Uint8Array) return bytes as unknown as Data;
      const type = like.constructor as new (buffer: ArrayBuffer) => Data;
      return new type(bytes.buffer);
    },
  });
}
