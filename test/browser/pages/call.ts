/// <reference lib="dom" />
/** The browser's side of `page.ts`: calls exported functions, here or in a worker, and makes errors travel. */

/** What a call asks for. */
export interface CallRequest {
  /** URL of the module. */
  readonly module: string;
  /** Name of the exported function. */
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What a call came to. */
export type CallAnswer =
  | { readonly value: unknown }
  | {
      readonly error: {
        readonly name: string;
        readonly code?: string;
        readonly message: string;
        readonly stack?: string;
      };
    };

/** Calls a function of a module in this thread. */
export async function callHere({ module, name, args }: CallRequest): Promise<CallAnswer> {
  try {
    const functions = (await import(/* @vite-ignore */ module)) as Record<string, (...values: unknown[]) => unknown>;
    const called = functions[name];
    if (called === undefined) throw new Error(`${module} does not export ${name}`);
    return { value: await called(...args) };
  } catch (error) {
    const { name = "Error", code, message = String(error), stack } = error as Partial<Error & { code: string }>;
    return {
      error: { name, message, ...(code === undefined ? {} : { code }), ...(stack === undefined ? {} : { stack }) },
    };
  }
}

/** Calls a function of a module in a worker of its own, which then ends. */
export function callInWorker(request: CallRequest): Promise<CallAnswer> {
  const worker = new Worker(new URL("./call-worker.ts", import.meta.url), { type: "module" });
  const answer = new Promise<CallAnswer>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data as CallAnswer);
    worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`));
    worker.postMessage(request);
  });
  return answer.finally(() => worker.terminate());
}
