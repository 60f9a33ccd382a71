/** What a browser's processes hold, from outside and from inside. */

import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";

/** Memory at one moment [bytes]. */
export interface MemorySample {
  /** JavaScript and its arrays in the page and its workers, as the browser told last; WebAssembly's memory is not in it. */
  readonly heap: number;
  /** Resident memory of the page's process, in which WebAssembly's is. */
  readonly page: number;
  /** Resident memory of the GPU process; where the GPU is software, its buffers are there. */
  readonly gpu: number;
}

/** Turns on the browser's answer without a wait for the next garbage collection. */
export const memoryArguments: readonly string[] = ["--enable-blink-features=ForceEagerMeasureMemory"];

/** Resident memory of a process, as Linux counts it. */
function residentBytes(process: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${process}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** Takes samples of a page; the largest renderer is taken for its process. */
export async function memoryProbe(browser: Browser, page: Page): Promise<() => Promise<MemorySample>> {
  const devtools = await browser.newBrowserCDPSession();
  /** Asks every thread of the page, and waits for each to collect its garbage: some seconds, while everything goes on. */
  const measureHeap = (): Promise<number> =>
    page.evaluate(async () => {
      const { measureUserAgentSpecificMemory: measure } = performance as unknown as {
        measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
      };
      return (await measure.call(performance)).bytes;
    });
  let heap = await measureHeap();
  let asked: Promise<void> | undefined;
  return async () => {
    asked ??= measureHeap()
      .then((bytes) => {
        heap = bytes;
      })
      .finally(() => {
        asked = undefined;
      });
    asked.catch(() => {}); // the page is gone
    const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
    const largest = (type: string): number =>
      Math.max(0, ...processInfo.filter((info) => info.type === type).map(({ id }) => residentBytes(id)));
    return { heap, page: largest("renderer"), gpu: largest("GPU") };
  };
}
