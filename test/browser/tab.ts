/** A tab as people have it: Playwright makes its pages believe that they are in front, this one may be hidden behind others. */

import type { Browser } from "playwright-core";

/** A tab. */
export interface Tab {
  /** Evaluates an expression in the page, awaits it, and returns its JSON value. */
  evaluate(expression: string): Promise<unknown>;
}

interface Reply {
  readonly id?: number;
  readonly result?: {
    readonly result: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly exception?: { readonly description?: string }; readonly text: string };
  };
}

/** Opens a tab in front of the others. */
export async function openTab(browser: Browser, url: string): Promise<Tab> {
  const devtools = await browser.newBrowserCDPSession();
  const { targetId } = await devtools.send("Target.createTarget", { url });
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  devtools.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message) as Reply;
    const call = waiting.get(id ?? -1);
    const failure = result?.exceptionDetails;
    if (failure === undefined) call?.resolve(result?.result.value);
    else call?.reject(new Error(failure.exception?.description ?? failure.text));
  });
  let next = 0;
  return {
    evaluate: (expression) => {
      const id = next++;
      const params = { expression, awaitPromise: true, returnByValue: true };
      const message = JSON.stringify({ id, method: "Runtime.evaluate", params });
      const call = Promise.withResolvers<unknown>();
      waiting.set(id, call);
      devtools.send("Target.sendMessageToTarget", { sessionId, message }).catch(call.reject);
      return call.promise;
    },
  };
}
