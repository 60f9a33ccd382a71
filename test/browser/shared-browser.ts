/** One browser for the tests of a file. */

import { afterAll } from "vitest";
import { openBrowser, type TestBrowser, type TestBrowserOptions } from "./browser.ts";

/**
 * A browser that is started when it is first asked for and closed after the last test of the file.
 *
 * @param options - How it is started.
 */
export function sharedBrowser(options?: TestBrowserOptions): () => Promise<TestBrowser> {
  let opened: Promise<TestBrowser> | undefined;
  afterAll(async () => {
    await (await opened)?.[Symbol.asyncDispose]();
  });
  return () => {
    opened ??= openBrowser(options);
    return opened;
  };
}
