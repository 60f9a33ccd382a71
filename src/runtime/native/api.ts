/**
 * ONNX Runtime's C API, called in the stock library through koffi.
 *
 * Why not the `onnxruntime-node` binding: it copies every output into a new buffer (half a second per step for a model of
 * 124 M parameters with Adam), makes a tensor object per input and output per run, refuses shared memory, and cannot share a thread pool
 * between sessions. The C API has none of that, and its function table is append-only: an index never changes its meaning.
 */

import { explain, RuntimeError } from "../../base/errors.ts";
import { findLibrary } from "./library.ts";

/** Version of the function table that is asked for; every later library answers it. */
const apiVersion = 20;
/** The first version whose table lists the devices of the machine. */
const deviceApiVersion = 22;
/** `OrtHardwareDeviceType_GPU`. */
const gpuType = 1;

/** Opaque pointer. */
export type Pointer = bigint;

type FunctionName =
  | "GetErrorMessage"
  | "CreateSession"
  | "CreateSessionFromArray"
  | "Run"
  | "CreateSessionOptions"
  | "SetOptimizedModelFilePath"
  | "EnableProfiling"
  | "SetSessionGraphOptimizationLevel"
  | "SetIntraOpNumThreads"
  | "CreateTensorWithDataAsOrtValue"
  | "CreateMemoryInfo"
  | "AllocatorAlloc"
  | "AllocatorFree"
  | "CreateAllocator"
  | "ReleaseAllocator"
  | "GetAvailableProviders"
  | "ReleaseAvailableProviders"
  | "SessionOptionsAppendExecutionProvider"
  | "SessionOptionsAppendExecutionProvider_CUDA_V2"
  | "CreateCUDAProviderOptions"
  | "ReleaseCUDAProviderOptions"
  | "GetTensorMutableData"
  | "GetTensorElementType"
  | "GetDimensionsCount"
  | "GetDimensions"
  | "GetTensorTypeAndShape"
  | "CreateCpuMemoryInfo"
  | "ReleaseStatus"
  | "ReleaseSession"
  | "ReleaseValue"
  | "ReleaseTensorTypeAndShapeInfo"
  | "ReleaseSessionOptions"
  | "CreateEnvWithGlobalThreadPools"
  | "DisablePerSessionThreads"
  | "CreateThreadingOptions"
  | "AddSessionConfigEntry"
  | "SetGlobalIntraOpNumThreads"
  | "SetGlobalDenormalAsZero";

/** Index in `OrtApi` and C prototype of each function used. Status pointers are null on success. */
const prototypes: Record<FunctionName, readonly [number, string]> = {
  GetErrorMessage: [2, "const char *GetErrorMessage(void *status)"],
  CreateSession: [7, "void *CreateSession(void *env, void *path, void *options, _Out_ void **out)"],
  CreateSessionFromArray: [
    8,
    "void *CreateSessionFromArray(void *env, void *data, size_t length, void *options, _Out_ void **out)",
  ],
  Run: [
    9,
    "void *Run(void *session, void *options, void *inputNames, void *inputs, size_t inputCount, void *outputNames, size_t outputCount, void *outputs)",
  ],
  CreateSessionOptions: [10, "void *CreateSessionOptions(_Out_ void **out)"],
  SetOptimizedModelFilePath: [11, "void *SetOptimizedModelFilePath(void *options, void *path)"],
  EnableProfiling: [14, "void *EnableProfiling(void *options, void *prefix)"],
  SetSessionGraphOptimizationLevel: [23, "void *SetSessionGraphOptimizationLevel(void *options, int level)"],
  SetIntraOpNumThreads: [24, "void *SetIntraOpNumThreads(void *options, int threads)"],
  CreateTensorWithDataAsOrtValue: [
    49,
    "void *CreateTensorWithDataAsOrtValue(void *info, void *data, size_t sizeBytes, void *shape, size_t ndim, int type, _Out_ void **out)",
  ],
  GetTensorMutableData: [51, "void *GetTensorMutableData(void *value, _Out_ void **out)"],
  GetTensorElementType: [60, "void *GetTensorElementType(void *info, _Out_ int *out)"],
  GetDimensionsCount: [61, "void *GetDimensionsCount(void *info, _Out_ size_t *out)"],
  GetDimensions: [62, "void *GetDimensions(void *info, void *dims, size_t count)"],
  GetTensorTypeAndShape: [65, "void *GetTensorTypeAndShape(void *value, _Out_ void **out)"],
  CreateMemoryInfo: [68, "void *CreateMemoryInfo(void *name, int allocator, int id, int kind, _Out_ void **out)"],
  CreateCpuMemoryInfo: [69, "void *CreateCpuMemoryInfo(int allocator, int kind, _Out_ void **out)"],
  AllocatorAlloc: [75, "void *AllocatorAlloc(void *allocator, size_t sizeBytes, _Out_ void **out)"],
  AllocatorFree: [76, "void *AllocatorFree(void *allocator, void *memory)"],
  ReleaseStatus: [93, "void ReleaseStatus(void *status)"],
  ReleaseSession: [95, "void ReleaseSession(void *session)"],
  ReleaseValue: [96, "void ReleaseValue(void *value)"],
  ReleaseTensorTypeAndShapeInfo: [99, "void ReleaseTensorTypeAndShapeInfo(void *info)"],
  ReleaseSessionOptions: [100, "void ReleaseSessionOptions(void *options)"],
  CreateEnvWithGlobalThreadPools: [
    119,
    "void *CreateEnvWithGlobalThreadPools(int level, void *name, void *threading, _Out_ void **out)",
  ],
  DisablePerSessionThreads: [120, "void *DisablePerSessionThreads(void *options)"],
  CreateThreadingOptions: [121, "void *CreateThreadingOptions(_Out_ void **out)"],
  GetAvailableProviders: [125, "void *GetAvailableProviders(_Out_ void **names, _Out_ int *count)"],
  ReleaseAvailableProviders: [126, "void *ReleaseAvailableProviders(void *names, int count)"],
  AddSessionConfigEntry: [130, "void *AddSessionConfigEntry(void *options, void *key, void *value)"],
  CreateAllocator: [131, "void *CreateAllocator(void *session, void *info, _Out_ void **out)"],
  ReleaseAllocator: [132, "void ReleaseAllocator(void *allocator)"],
  SetGlobalIntraOpNumThreads: [147, "void *SetGlobalIntraOpNumThreads(void *threading, int threads)"],
  SetGlobalDenormalAsZero: [155, "void *SetGlobalDenormalAsZero(void *threading)"],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, "void *AppendCuda(void *options, void *cudaOptions)"],
  CreateCUDAProviderOptions: [205, "void *CreateCUDAProviderOptions(_Out_ void **out)"],
  ReleaseCUDAProviderOptions: [208, "void ReleaseCUDAProviderOptions(void *cudaOptions)"],
  SessionOptionsAppendExecutionProvider: [
    216,
    "void *SessionOptionsAppendExecutionProvider(void *options, void *name, void *keys, void *values, size_t count)",
  ],
};

/** The bound function table. */
export interface OrtApi {
  /** Calls a function that gives a status; throws RuntimeError with the library's message when it fails. */
  call(name: FunctionName, ...args: unknown[]): void;
  /** As {@link OrtApi.call}, for functions with one trailing out parameter. */
  get(name: FunctionName, ...args: unknown[]): Pointer;
  /** Calls a function that gives nothing (`Release…`). */
  release(name: FunctionName, value: Pointer): void;
  /** A zero-terminated string as the platform's `ORTCHAR_T` (UTF-16 on Windows). */
  path(text: string): Uint8Array;
  /** Address of a typed array's first byte. */
  address(data: ArrayBufferView): Pointer;
  /** Names of the execution providers that the library was built with: "CPUExecutionProvider". */
  providers(): readonly string[];
  /** Names of the providers for which the library sees a GPU in this machine; none where it is too old to tell. */
  gpuProviders(env: Pointer): readonly string[];
  /** Copies native memory. */
  copyOut(pointer: Pointer, sizeBytes: number): Uint8Array<ArrayBuffer>;
}

/** A zero-terminated UTF-8 string. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

let bound: Promise<OrtApi> | undefined;

/**
 * Loads the library and binds the functions, once in a thread.
 *
 * @throws RuntimeError when koffi or the library is missing or too old.
 */
export function loadApi(): Promise<OrtApi> {
  bound ??= bindApi();
  return bound;
}

async function bindApi(): Promise<OrtApi> {
  const library = findLibrary();
  const koffi = await import("koffi").then(
    (module) => module.default,
    (cause) => {
      throw new RuntimeError(
        explain({
          api: "runtime.cpu",
          action: "call ONNX Runtime",
          received: "the package koffi is not installed",
          rule: "install it: npm install koffi",
        }),
        { cause },
      );
    },
  );
  // ONNX Runtime recurses deeply while it optimises a graph; koffi runs calls on a stack of its own.
  koffi.config({ ...koffi.config(), sync_stack_size: 8 * 2 ** 20 });
  const base = koffi.load(library).func("void *OrtGetApiBase()")() as Pointer;
  const getApi = koffi.decode(koffi.decode(base, "void *"), koffi.proto("void *GetApi(uint32_t version)"));
  const table = getApi(apiVersion) as Pointer | null;
  if (table === null)
    throw new RuntimeError(
      explain({
        api: "runtime.cpu",
        action: "load ONNX Runtime",
        received: `${library} is too old`,
        rule: `it must offer API version ${apiVersion} (ONNX Runtime 1.20 or later)`,
      }),
    );
  const functions = {} as Record<FunctionName, (...args: unknown[]) => unknown>;
  for (const [name, [index, prototype]] of Object.entries(prototypes) as [FunctionName, readonly [number, string]][])
    functions[name] = koffi.decode(koffi.decode(table, index * 8, "void *"), koffi.proto(prototype));

  const call = (name: FunctionName, ...args: unknown[]): void => {
    const status = functions[name](...args) as Pointer | null;
    if (status === null) return;
    const message = functions.GetErrorMessage(status) as string;
    functions.ReleaseStatus(status);
    throw new RuntimeError(message);
  };
  return {
    call,
    get: (name, ...args) => {
      const out: [Pointer | number | null] = [null];
      call(name, ...args, out);
      return BigInt(out[0] as Pointer | number);
    },
    release: (name, value) => {
      functions[name](value);
    },
    providers: () => {
      const names: [Pointer | null] = [null];
      const count: [number] = [0];
      call("GetAvailableProviders", names, count);
      const list = koffi.decode(names[0] as Pointer, koffi.array("const char *", count[0])) as string[];
      call("ReleaseAvailableProviders", names[0], count[0]);
      return list;
    },
    gpuProviders: (env) => {
      const newer = getApi(deviceApiVersion) as Pointer | null;
      if (newer === null) return [];
      const at = (index: number, prototype: string) =>
        koffi.decode(koffi.decode(newer, index * 8, "void *"), koffi.proto(prototype));
      const list: [Pointer | null] = [null];
      const count: [number | bigint] = [0];
      const status = at(303, "void *GetEpDevices(void *env, _Out_ void **devices, _Out_ size_t *count)")(
        env,
        list,
        count,
      );
      if (status !== null) {
        functions.ReleaseStatus(status);
        return [];
      }
      const nameOf = at(312, "const char *EpDevice_EpName(void *device)");
      const hardwareOf = at(316, "void *EpDevice_Device(void *device)");
      const typeOf = at(307, "int HardwareDevice_Type(void *hardware)");
      const devices = Array.from({ length: Number(count[0]) }, (_, i) =>
        koffi.decode(list[0] as Pointer, i * 8, "void *"),
      );
      return devices
        .filter((device) => typeOf(hardwareOf(device)) === gpuType)
        .map((device) => nameOf(device) as string);
    },
    path: (text) =>
      process.platform === "win32" ? new Uint8Array(Buffer.from(`${text}\0`, "utf16le")) : cString(text),
    address: (data) => koffi.address(data) as Pointer,
    copyOut: (pointer, sizeBytes) => new Uint8Array(koffi.view(pointer, sizeBytes).slice(0)),
  };
}
