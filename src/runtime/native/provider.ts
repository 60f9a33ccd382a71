/** The execution providers of the library: how a session is told to use one, and what memory it works in. */

import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { explain, RuntimeError } from "../../base/errors.ts";
import type { Target } from "../../graph/graph.ts";
import { webgpuSettings } from "../webgpu-settings.ts";
import { cString, type OrtApi, type Pointer } from "./api.ts";
import { findLibrary } from "./library.ts";

/** Devices that the library drives. */
export type NativeDevice = Exclude<Target, "wasm">;

/** A provider of a device with memory of its own. */
export interface Provider {
  /** What the library calls it. */
  readonly name: string;
  /** What it calls its memory. */
  readonly memory: string;
  /** Adds it to the options of a session. */
  append(api: OrtApi, settings: Pointer): void;
}

const providers: Readonly<Record<Exclude<NativeDevice, "cpu">, Provider>> = {
  webgpu: {
    name: "WebGpuExecutionProvider",
    memory: "WebGPU_Buf",
    append: (api, settings) => {
      for (const [key, value] of Object.entries(webgpuSettings))
        api.call("AddSessionConfigEntry", settings, cString(`ep.webgpuexecutionprovider.${key}`), cString(value));
      api.call("SessionOptionsAppendExecutionProvider", settings, cString("WebGPU"), null, null, 0);
    },
  },
  cuda: {
    name: "CUDAExecutionProvider",
    memory: "Cuda",
    append: (api, settings) => {
      const options = api.get("CreateCUDAProviderOptions");
      try {
        api.call("SessionOptionsAppendExecutionProvider_CUDA_V2", settings, options);
      } finally {
        api.release("ReleaseCUDAProviderOptions", options);
      }
    },
  },
};

/** Provider of CUDA: a library of its own, which stands beside ONNX Runtime's where somebody installed it. */
function cudaLibrary(): string {
  const file = process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  return join(dirname(findLibrary()), file);
}

/**
 * The provider of a device, or null for the CPU, which every session has.
 *
 * @throws RuntimeError if the library was built without it.
 */
export function providerOf(api: OrtApi, device: NativeDevice): Provider | null {
  if (device === "cpu") return null;
  const provider = providers[device];
  const missing = (received: string, rule: string, hint: string): RuntimeError =>
    new RuntimeError(explain({ api: `runtime.${device}`, action: "start", received, rule, hint }));
  if (!api.providers().includes(provider.name))
    throw missing(
      "this build of ONNX Runtime is without it",
      `it must have ${provider.name}`,
      "use another build through CAMEO_ONNXRUNTIME, or --device cpu",
    );
  if (device === "cuda" && !existsSync(cudaLibrary()))
    throw missing(
      `there is no ${basename(cudaLibrary())}`,
      "it must stand beside ONNX Runtime's library",
      "name the library of a build with CUDA in CAMEO_ONNXRUNTIME, or use --device webgpu",
    );
  return provider;
}

/** Devices for which the library has a provider and sees a GPU, the fastest first. */
export function gpusOf(api: OrtApi, env: Pointer): NativeDevice[] {
  const seen = api.gpuProviders(env);
  // The provider of CUDA is not told of devices; but where it is installed, somebody wants it.
  const hasCuda = api.providers().includes(providers.cuda.name) && existsSync(cudaLibrary());
  const isThere = { cuda: hasCuda, webgpu: seen.includes(providers.webgpu.name) };
  return (["cuda", "webgpu"] as const).filter((device) => isThere[device]);
}
