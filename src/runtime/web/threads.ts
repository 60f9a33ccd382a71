/** How many threads WebAssembly may have here. */

/** Threads, and why there is only one. */
export interface ThreadSurvey {
  readonly count: number;
  /** Why there can be no second thread; absent where there can. */
  readonly reason?: string;
}

/** Looks: browsers give threads shared memory only in pages that are isolated from others. */
export function surveyThreads(): ThreadSurvey {
  const { crossOriginIsolated, navigator } = globalThis as {
    readonly crossOriginIsolated?: boolean;
    readonly navigator?: { readonly hardwareConcurrency?: number };
  };
  if (typeof SharedArrayBuffer === "undefined" || crossOriginIsolated === false)
    return {
      count: 1,
      reason:
        "the page is not cross-origin isolated (headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy)",
    };
  return { count: Math.max(1, navigator?.hardwareConcurrency ?? 1) };
}
