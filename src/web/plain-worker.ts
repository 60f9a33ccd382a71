/** Where the worker is, for pages without a bundler: beside the script, and so are the engine's files. */

import type { RunWorker } from "./web-options.ts";

declare const Worker: new (url: URL, options: { readonly type: "module"; readonly name: string }) => RunWorker;

/** Starts the worker. */
export function defaultWorker(): RunWorker {
  const url = "cameo-worker.js"; // by name, so that no bundler looks for it
  return new Worker(new URL(url, import.meta.url), { type: "module", name: "cameo" });
}

/** Folder of the engine's files where a page names none. */
export const defaultEngine: string | undefined = import.meta.url.replace(/[^/]*$/, "");
