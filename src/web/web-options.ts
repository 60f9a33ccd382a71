/** What a page says of a run. */

import type { GptRecipe } from "../text/recipe.ts";

/** The keys of a `GptRecipe` that make sense in a browser. All have the defaults that they have in Node. */
export type WebGptRecipe = {
  readonly [K in keyof Omit<GptRecipe, "kind" | "data" | "fileOrder" | "threads" | "device">]?:
    | GptRecipe[K]
    | undefined;
};

/** How text is continued. */
export interface GenerateOptions {
  /**
   * Tokens to write.
   * @defaultValue 100
   */
  readonly tokens?: number;
  /**
   * Below 1 more certain, above 1 more varied; 0 always takes the likeliest token.
   * @defaultValue 0.8
   */
  readonly temperature?: number;
  /**
   * Draws among this many of the likeliest tokens.
   * @defaultValue 200
   */
  readonly topK?: number;
  /**
   * The same seed writes the same text.
   * @defaultValue 0
   */
  readonly seed?: number;
}

/** The part of a `Worker` that is used. */
export interface RunWorker {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
  terminate(): unknown;
}

/** Options of `trainGpt`. */
export interface WebGptOptions {
  /** The text to learn from, or a file that was picked or dropped. May be left out when resuming. */
  readonly text?: string | Blob;
  /** What is trained and how; sizes that fit a laptop when left out. */
  readonly recipe?: WebGptRecipe;
  /**
   * Where steps run. `"auto"`: on the GPU where the browser offers a real one, else on the processor.
   * @defaultValue "auto"
   */
  readonly device?: "auto" | "webgpu" | "wasm";
  /**
   * Threads on the processor, where the page is cross-origin isolated.
   * @defaultValue as many as the machine has cores
   */
  readonly threads?: number;
  /**
   * `"mixed"`: computes in float16 where the device can, and keeps weights in float32.
   * @defaultValue "float32"
   */
  readonly precision?: "float32" | "mixed";
  /** Name under which the run is kept in the browser; without one it is gone with the page. */
  readonly name?: string;
  /**
   * Continue the run of that name from its newest checkpoint, with its own text and recipe; `steps` may be raised.
   * @defaultValue false
   */
  readonly resume?: boolean;
  /**
   * Make everything ready and wait for `play` or `step`.
   * @defaultValue false
   */
  readonly paused?: boolean;
  /**
   * URL of the folder with the `.mjs` and `.wasm` files of `onnxruntime-web/dist`.
   * @defaultValue where the bundler put them; for the plain script, its own folder
   */
  readonly engine?: string | URL;
  /** Makes the worker, where a bundler does not see ours; its script is `serveRun(self)` with `serveRun` of `cameo/web/worker`. */
  readonly worker?: () => RunWorker;
}
