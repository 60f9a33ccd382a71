/** Messages between a page and the worker that trains. */

import type { ErrorRecord } from "../base/error-record.ts";
import type { WebEvent } from "./web-event.ts";
import type { GenerateOptions, WebGptRecipe } from "./web-options.ts";

/** What a run is started with: the options that can be cloned. */
export interface BeginOptions {
  readonly text?: string | Blob;
  readonly recipe?: WebGptRecipe;
  readonly device: "auto" | "webgpu" | "wasm";
  readonly threads?: number;
  readonly precision?: "float32" | "mixed";
  readonly name?: string;
  readonly resume: boolean;
  readonly paused: boolean;
  readonly engine?: string;
}

/** Arguments and results of what a page asks for. */
export interface Calls {
  begin(options: BeginOptions): void;
  pause(): void;
  play(): void;
  step(): void;
  stop(): void;
  checkpoint(): void;
  generate(prompt: string, options: GenerateOptions): void;
  exportOnnx(): Blob;
  exportRun(): Blob;
  /** Ends the worker's work: nothing is in use any more when it answers. */
  close(): void;
}

/** From the page. `cancel` ends a generation. */
export type Request =
  | {
      [Name in keyof Calls]: { readonly id: number; readonly call: Name; readonly args: Parameters<Calls[Name]> };
    }[keyof Calls]
  | { readonly id: number; readonly call: "cancel" };

/** From the worker. A `piece` is text of a generation under way; `failed` is why the run is over. */
export type Answer =
  | { readonly event: WebEvent }
  | { readonly failed: ErrorRecord }
  | { readonly id: number; readonly piece: string }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorRecord };
