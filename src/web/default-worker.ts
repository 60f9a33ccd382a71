/**
 * Where the worker is, for bundlers: they see the expression below and make a file of the worker. The plain script has another module
 * in this one's place.
 */

import type { RunWorker } from "./web-options.ts";

declare const Worker: new (url: URL, options: { readonly type: "module"; readonly name: string }) => RunWorker;

/** Starts the worker. */
export function defaultWorker(): RunWorker {
  return new Worker(new URL("./worker/start.ts", import.meta.url), { type: "module", name: "cameo" });
}

/** Folder of the engine's files where a page names none; undefined: the bundler has put them in place. */
export const defaultEngine: string | undefined = undefined;
