/** Finds the browser's GPU and opens its device with all that it can give. */

import { explain, messageOf, RuntimeError } from "../../base/errors.ts";

// The part of the WebGPU interface that is used: the package's declarations must not need those of another.

/** A GPUBuffer. */
export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
}

/** A GPUDevice. */
export interface GpuDevice {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, offset: number, data: Uint8Array): void;
    submit(commands: readonly unknown[]): void;
  };
  createBuffer(settings: { readonly size: number; readonly usage: number }): GpuBuffer;
  createCommandEncoder(): {
    copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, sizeBytes: number): void;
    finish(): unknown;
  };
  pushErrorScope(filter: "out-of-memory" | "validation"): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  addEventListener(
    type: "uncapturederror",
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
  destroy(): void;
}

/** A GPUAdapter. */
export interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly info: Readonly<Record<"vendor" | "architecture" | "device" | "description", string>> & {
    readonly isFallbackAdapter?: boolean;
  };
  requestDevice(settings: object): Promise<GpuDevice>;
}

/** What programs may need more of than every device has. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
];
const wantedFeatures = ["shader-f16", "subgroups"];

const refused = (received: string, rule: string, cause?: unknown): RuntimeError =>
  new RuntimeError(explain({ api: "runtime.webgpu", action: "start", received, rule }), { cause });

/**
 * Finds the GPU.
 *
 * @returns The adapter, or the reason why there is none.
 */
export async function findGpu(): Promise<GpuAdapter | string> {
  const { navigator } = globalThis as {
    readonly navigator?: { readonly gpu?: { requestAdapter(settings: object): Promise<GpuAdapter | null> } };
  };
  if (navigator?.gpu === undefined) return "this browser has no WebGPU, or the page is not served over https";
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(messageOf);
  return adapter ?? "the browser offers no GPU";
}

/** An adapter's name for people: "nvidia ampere", "google swiftshader". */
export function nameOfGpu({ info }: GpuAdapter): string {
  const name = info.description !== "" ? info.description : `${info.vendor} ${info.architecture}`.trim();
  return name === "" ? "unnamed adapter" : name;
}

/**
 * Opens the GPU's device with the highest limits that it offers.
 *
 * @throws RuntimeError if there is none.
 */
export async function openGpu(): Promise<{ readonly device: GpuDevice; readonly name: string }> {
  const adapter = await findGpu();
  if (typeof adapter === "string") throw refused(adapter, 'WebGPU must be available; device "wasm" runs everywhere');
  const requiredLimits = Object.fromEntries(
    wantedLimits.filter((limit) => limit in adapter.limits).map((limit) => [limit, adapter.limits[limit]]),
  );
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  try {
    return { device: await adapter.requestDevice({ requiredLimits, requiredFeatures }), name: nameOfGpu(adapter) };
  } catch (cause) {
    throw refused(messageOf(cause), "the GPU must give a device", cause);
  }
}
