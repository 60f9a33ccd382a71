/** What a page and its workers are given, and ways to go wrong: for the tests of the harness. */

/** Where this code runs, and what it finds there. */
export async function surroundings(): Promise<{ thread: string; isolated: boolean; adapter: string | null }> {
  const adapter = await navigator.gpu.requestAdapter();
  return {
    thread: typeof window === "undefined" ? "worker" : "page",
    isolated: crossOriginIsolated,
    adapter: adapter?.info.architecture ?? null,
  };
}

/** Throws an error with a code. */
export function fail(): never {
  throw Object.assign(new RangeError("probe: cannot succeed"), { code: "range" });
}

/** Throws where nobody catches. */
export function failLater(): void {
  setTimeout(() => {
    throw new Error("nobody caught this");
  });
}

/** Size of a file on the server [bytes], and its type. */
export async function fetched(path: string): Promise<{ bytes: number; type: string | null }> {
  const response = await fetch(path);
  return { bytes: (await response.arrayBuffer()).byteLength, type: response.headers.get("content-type") };
}
