/**
 * ONNX Runtime's WebAssembly build as it comes out of the compiler: C functions over one heap.
 *
 * Why not the JavaScript interface of `onnxruntime-web`: it copies every input into the heap and every output out of it at each run, makes
 * a tensor object for each, and allows no output to lie over an input. The C functions have none of that.
 */

import { explain, messageOf, RuntimeError } from "../../base/errors.ts";

/** What one build has that the others have not. */
export type OrtBuild = "plain" | "asyncify" | "jspi";

type Awaitable<T> = T | Promise<T>;

/** The functions used. Addresses are bytes from the heap's start; handles are addresses; a code other than 0 is an error. */
export interface OrtModule {
  readonly HEAPU8: Uint8Array;
  getValue(address: number, type: "i8"): number;
  UTF8ToString(address: number): string;
  stackSave(): number;
  stackRestore(stack: number): void;
  stackAlloc(sizeBytes: number): number;
  /** Gives 0 where there is no more memory. */
  _malloc(sizeBytes: number): number;
  _free(address: number): void;
  _OrtInit(threads: number, logLevel: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtCreateSessionOptions(
    optimization: number,
    arena: boolean,
    memoryPattern: boolean,
    executionMode: number,
    profiling: boolean,
    profilePrefix: number,
    logId: number,
    logLevel: number,
    logVerbosity: number,
    dumpPath: number,
  ): number;
  _OrtAppendExecutionProvider(
    settings: number,
    name: number,
    keys: number,
    values: number,
    count: number,
  ): Awaitable<number>;
  _OrtAddSessionConfigEntry(settings: number, key: number, value: number): number;
  _OrtReleaseSessionOptions(settings: number): number;
  _OrtCreateSession(model: number, sizeBytes: number, settings: number): Awaitable<number>;
  _OrtReleaseSession(session: number): number;
  _OrtCreateTensor(type: number, data: number, sizeBytes: number, dims: number, ndim: number, location: number): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, ndim: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtFree(address: number): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    options: number,
  ): Awaitable<number>;
  /** Of the asyncify build: lets the functions above that may wait give promises. */
  asyncInit?(): void;
  /** Of the builds with WebGPU: adds the functions below. */
  webgpuInit?(onDefaultDevice: (device: unknown) => void): void;
  /** Names the device of the session that is made next. */
  webgpuRegisterDevice?(device: object): readonly [id: number, instance: number, device: number] | undefined;
  /** Must follow each attempt to make a session; 0 if it failed. */
  webgpuOnCreateSession?(session: number): void;
  webgpuOnReleaseSession?(session: number): void;
  /** Gives the number by which a tensor names the buffer: the same each time, until it is unregistered as often. */
  webgpuRegisterBuffer?(buffer: object, session: number): number;
  webgpuUnregisterBuffer?(buffer: object): void;
}

type OrtFactory = (settings: {
  readonly numThreads: number;
  readonly locateFile?: (file: string) => string;
}) => Promise<OrtModule>;

// As strings, or TypeScript looks for types that the package has not; bundlers see the names all the same.
const packaged: Readonly<Record<OrtBuild, () => Promise<{ readonly default: OrtFactory }>>> = {
  plain: () => import("onnxruntime-web/ort-wasm-simd-threaded.mjs" as string),
  asyncify: () => import("onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs" as string),
  jspi: () => import("onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs" as string),
};

const logLevel = 4; // fatal only: errors reach the caller as errors

/**
 * Loads a build and starts it.
 *
 * @param build - Which.
 * @param threads - Of its pool; more than one need shared memory.
 * @param engineUrl - Folder with the files of `onnxruntime-web/dist`; without it the package is imported by name.
 * @throws RuntimeError if its files cannot be loaded.
 */
export async function loadOrtModule(build: OrtBuild, threads: number, engineUrl?: string): Promise<OrtModule> {
  try {
    const module = await (engineUrl === undefined
      ? (await packaged[build]()).default({ numThreads: threads })
      : instantiate(build, threads, engineUrl));
    module.asyncInit?.();
    module.webgpuInit?.(() => {});
    if (module._OrtInit(threads, logLevel) !== 0) throw new Error("its environment did not start");
    return module;
  } catch (cause) {
    throw new RuntimeError(
      explain({
        api: "runtime.web",
        action: "load ONNX Runtime",
        received: messageOf(cause).replace(/\s*\n\s*/g, " "),
        rule:
          engineUrl === undefined
            ? "the package onnxruntime-web must be installed: npm install onnxruntime-web"
            : `${engineUrl} must hold the files of onnxruntime-web/dist`,
        ...(engineUrl === undefined && { hint: "without a bundler, name the folder with its files as engineUrl" }),
      }),
      { cause },
    );
  }
}

async function instantiate(build: OrtBuild, threads: number, engineUrl: string): Promise<OrtModule> {
  const { origin } = globalThis as { readonly origin?: string };
  const base = new URL(engineUrl.endsWith("/") ? engineUrl : `${engineUrl}/`, origin).href;
  const url = `${base}ort-wasm-simd-threaded${build === "plain" ? "" : `.${build}`}.mjs`;
  const isForeign = threads > 1 && origin !== undefined && new URL(url).origin !== origin;
  // Its threads are workers of the same file, and a worker's file must be of the page's own origin.
  const source = isForeign ? URL.createObjectURL(await (await fetch(url)).blob()) : url;
  try {
    const { default: factory } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ source)) as {
      readonly default: OrtFactory;
    };
    return await factory({ numThreads: threads, locateFile: (file) => base + file });
  } finally {
    if (isForeign) URL.revokeObjectURL(source);
  }
}
