/** Debian's Chromium, driven without a window; WebGPU runs on the software adapter that comes with it. */

import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { type TestPage, testPage } from "./page.ts";
import { type PageServer, type ServeOptions, serve } from "./server.ts";

/** The browser's program. */
export const chromiumPath: string = process.env["CAMEO_CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there is no browser to test in, or `null` if there is one. */
export const noBrowser: string | null = existsSync(chromiumPath)
  ? null
  : `there is no ${chromiumPath}; install Chromium, or set CAMEO_CHROMIUM to its path`;

/** What a browser is started with. */
export interface TestBrowserOptions extends ServeOptions {
  /**
   * Offer WebGPU.
   * @defaultValue true
   */
  readonly webgpu?: boolean;
  /** More command-line arguments of Chromium. */
  readonly args?: readonly string[];
  /**
   * Slow hidden pages down as browsers of people do.
   * @defaultValue false
   */
  readonly throttled?: boolean;
}

/** A browser with a server. */
export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
  readonly origin: string;
  /**
   * Opens a page in a profile of its own, or in that of `context`.
   *
   * @param path - A path on the server.
   */
  open(path?: string, context?: BrowserContext): Promise<TestPage>;
}

/** Arguments of Playwright's that keep hidden pages at full speed. */
const unthrottled = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** Arguments that turn WebGPU on where there is no GPU. */
const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/**
 * Starts a browser and a server.
 *
 * @param options - See {@link TestBrowserOptions}.
 * @returns Both; dispose them.
 */
export async function openBrowser(options: TestBrowserOptions = {}): Promise<TestBrowser> {
  const { webgpu = true, throttled = false, args = [] } = options;
  await using stack = new AsyncDisposableStack();
  const server: PageServer = stack.use(await serve(options));
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    chromiumSandbox: process.getuid?.() !== 0, // Chromium has no sandbox for root
    args: [...(webgpu ? softwareGpu : ["--disable-features=WebGPU"]), ...args],
    ...(throttled ? { ignoreDefaultArgs: unthrottled } : {}),
  });
  stack.defer(() => browser.close());
  const owned = stack.move();
  return {
    browser,
    origin: server.origin,
    open: async (path = "/", context) => {
      const page = await testPage(await (context ?? browser).newPage());
      await page.page.goto(server.origin + path);
      return page;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
