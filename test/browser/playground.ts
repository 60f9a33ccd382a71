/** The playground of `web/` under test: built and served as it will be hosted, or with the double in the library's place. */

import { rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { build, createServer, preview } from "vite";
import { temporaryFolder } from "../support/cli.ts";
import { openBrowser, type TestBrowserOptions } from "./browser.ts";
import { type TestPage, testPage } from "./page.ts";

const configFile = resolve(import.meta.dirname, "../../web/vite.config.ts");

/** A server of the playground. */
export interface PlaygroundServer extends AsyncDisposable {
  readonly origin: string;
}

/** Builds the page into a temporary folder and serves that. */
export async function servePlayground(): Promise<PlaygroundServer> {
  const outDir = temporaryFolder();
  await build({ configFile, logLevel: "silent", build: { outDir } });
  const server = await preview({ configFile, logLevel: "silent", build: { outDir }, preview: { port: 0 } });
  return {
    origin: originOf(server.httpServer.address()),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(outDir, { recursive: true });
    },
  };
}

/** Serves the page with `web/fake.ts` in the place of `cameo/web`. */
export async function serveDouble(): Promise<PlaygroundServer> {
  const server = await createServer({
    configFile,
    mode: "fake",
    logLevel: "silent",
    cacheDir: temporaryFolder(),
    server: { port: 0, hmr: false },
  });
  await server.listen();
  return {
    origin: originOf(server.httpServer?.address()),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const originOf = (address: AddressInfo | string | null | undefined): string =>
  `http://127.0.0.1:${(address as AddressInfo).port}`;

/** The page in a browser of its own. */
export interface Playground extends AsyncDisposable {
  readonly page: Page;
  /** Says that errors like this one belong to the test. */
  readonly expectProblem: TestPage["expectProblem"];
  /** Waits for a phase of the run; a failure on the way is told instead. */
  reaches(phase: string): Promise<void>;
  /** Steps that the page shows as done. */
  steps(): Promise<number>;
  /** The text of an element. */
  text(selector: string): Promise<string>;
}

/** Options of {@link openPlayground}. */
export interface PlaygroundOptions extends Pick<TestBrowserOptions, "webgpu" | "args"> {
  /** What follows the address. */
  readonly query?: string;
  readonly context?: BrowserContextOptions;
  /** Called before the page loads. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** Opens the page. */
export async function openPlayground(
  { origin }: PlaygroundServer,
  { query = "", context, prepare, ...options }: PlaygroundOptions = {},
): Promise<Playground> {
  await using stack = new AsyncDisposableStack();
  const browser = stack.use(await openBrowser(options));
  const opened = await browser.browser.newContext(context);
  const test = stack.use(await testPage(await opened.newPage()));
  const { page, expectProblem } = test;
  await prepare?.(page);
  await page.goto(`${origin}/${query}`);
  await page.waitForFunction(() => !document.getElementById("device-facts")?.textContent?.startsWith("Looking"));
  const owned = stack.move();
  const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? "";
  return {
    page,
    expectProblem,
    text,
    reaches: async (phase) => {
      await page.waitForFunction((wanted) => [wanted, "failed"].includes(document.body.dataset["phase"] ?? ""), phase, {
        timeout: 60_000,
      });
      const now = await page.evaluate(() => document.body.dataset["phase"]);
      if (now !== phase) throw new Error(`the run failed: ${await text("#notices")}`);
    },
    steps: async () => Number.parseInt((await text("#figure-step")).replaceAll(",", ""), 10) || 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Fills the form with the sample text and the smallest model. */
export async function fillIn({ page }: Playground, steps: number): Promise<void> {
  await page.click("#use-sample");
  await page.getByRole("radio", { name: "Tiny" }).check({ force: true });
  await page.click("text=More settings");
  for (const [name, value] of Object.entries({ steps, batchSize: 4, context: 16 }))
    await page.fill(`#${name}`, String(value));
}
