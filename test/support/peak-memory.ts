/** Runs `cameo` as a process of its own and says how much memory it took at most. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** What a process came to. */
export interface Peak {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Largest resident memory [bytes], of all its threads together. */
  readonly rssBytes: number;
  readonly seconds: number;
}

/**
 * Runs a program under Node with the package's sources.
 *
 * @param words - Script and arguments, from the root of the repository.
 * @returns How it ended. Needs Linux: the peak is what the kernel keeps of every process.
 */
export async function runMeasured(words: readonly string[]): Promise<Peak> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--conditions=cameo-source", ...words], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text.stdout += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    text.stderr += piece;
  });
  let rssBytes = 0;
  const look = setInterval(() => {
    try {
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      rssBytes = Math.max(rssBytes, 1024 * Number(peak ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(look);
  return { code, ...text, rssBytes, seconds: (performance.now() - started) / 1000 };
}
