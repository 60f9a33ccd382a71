/** A page under test: functions of modules called in it, and what it complained about. */

import type { CDPSession, ConsoleMessage, Page } from "playwright-core";
import type * as Calls from "./pages/call.ts";

/** The functions of a module, called from outside the browser. Arguments and results are what structured cloning carries. */
export type Remote<Module> = {
  readonly [Name in keyof Module as Module[Name] extends (...args: never[]) => unknown
    ? Name
    : never]: Module[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Promise<Awaited<Result>>
    : never;
};

/** A page. Disposing it closes it, and prints the errors it reported that no {@link TestPage.expectProblem} foresaw: they fail a test. */
export interface TestPage extends AsyncDisposable {
  /** Playwright's own. */
  readonly page: Page;
  /** DevTools protocol of the page. */
  readonly devtools: CDPSession;
  /**
   * The functions of a module of `test/browser/pages`: `page.module<typeof import("./pages/train.ts")>("train")`.
   *
   * @param name - File name without ending.
   * @param thread - Where they run; each call in a worker has one of its own.
   */
  module<Module>(name: string, thread?: "page" | "worker"): Remote<Module>;
  /** Says that errors like this one belong to the test. */
  expectProblem(pattern: RegExp): void;
  /** Errors on the console, and thrown ones that nobody caught, so far. */
  readonly problems: readonly string[];
}

/** Wraps a page that has been opened on a server of `server.ts`. */
export async function testPage(page: Page): Promise<TestPage> {
  const problems: string[] = [];
  const expected: RegExp[] = [];
  page.on("console", (message: ConsoleMessage) => {
    if (message.type() === "error") problems.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(error.stack ?? error.message));
  page.on("crash", () => problems.push("the page crashed"));
  const devtools = await page.context().newCDPSession(page);

  const call = async (request: Calls.CallRequest, thread: "page" | "worker"): Promise<unknown> => {
    const answer = await page.evaluate(
      ([request, name]) => (globalThis as unknown as { calls: typeof Calls }).calls[name](request),
      [request, thread === "page" ? "callHere" : "callInWorker"] as const,
    );
    if ("value" in answer) return answer.value;
    const { error } = answer;
    throw Object.assign(new Error(error.message), { name: error.name, code: error.code, stack: error.stack });
  };

  return {
    page,
    devtools,
    module: <Module>(name: string, thread: "page" | "worker" = "worker") =>
      new Proxy({} as Remote<Module>, {
        get: (_, functionName) =>
          functionName === "then" // a proxy that is awaited must not look like a promise
            ? undefined
            : (...args: readonly unknown[]) =>
                call({ module: `/test/browser/pages/${name}.ts`, name: String(functionName), args }, thread),
      }),
    expectProblem: (pattern) => void expected.push(pattern),
    problems,
    [Symbol.asyncDispose]: async () => {
      await page.close();
      const unexpected = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
      // Printed, not thrown: a test that prints fails, and the error it may have failed with before stays the first one shown.
      for (const problem of unexpected) console.error(`the page reported: ${problem}`);
    },
  };
}
