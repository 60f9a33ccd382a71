/** Runs `cameo` inside a test, or as a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import type { Command, Io } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { dispatch } from "../../src/cli/dispatch.ts";

/** What a command line came to. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Streams and signal as a test wants them. */
export interface IoOptions {
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly commands?: readonly Command[];
  readonly env?: Io["env"];
}

/** Runs `cameo` in this process. */
export async function cameo(words: readonly string[], options: IoOptions = {}): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const io: Io = {
    stdin: (async function* () {
      yield typeof options.stdin === "object" ? options.stdin : new TextEncoder().encode(options.stdin ?? "");
    })(),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    signal: options.signal ?? new AbortController().signal,
    env: options.env ?? {},
  };
  const code = await dispatch(words, io, options.commands ?? commands);
  return { code, ...written };
}

/** An empty folder that goes when the test file is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cameo-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const root = resolve(import.meta.dirname, "../..");

/** A `cameo` process under way. */
export interface CameoProcess {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Settles once stdout holds the text. Rejects if the process ends before. */
  printed(text: string): Promise<void>;
}

/** Starts `cameo` as users do. */
export function spawnCameo(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): CameoProcess {
  // Compiled code is kept between the processes of a test: half of a start is compiling.
  const cache = { NODE_COMPILE_CACHE: join(root, ".cache/compile") };
  const launcher = join(root, "bin/cameo.js");
  const child = spawn(process.execPath, [launcher, ...words], { cwd, env: { ...process.env, ...cache, ...env } });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  const outcome = once(child, "close").then(([code]) => ({ code: code as number | null, ...written }));
  return {
    process: child,
    outcome,
    printed: async (text) => {
      while (!written.stdout.includes(text)) {
        const [event] = await Promise.race([once(child.stdout, "data"), outcome.then((end) => [end])]);
        if (typeof event !== "string" && !written.stdout.includes(text))
          throw new Error(`cameo ${words.join(" ")} ended without printing ${text}: ${written.stderr}`);
      }
    },
  };
}

/** The objects of a `--json` output; throws if anything else is there. */
export function jsonLines(text: string): Record<string, unknown>[] {
  if (!text.endsWith("\n")) throw new Error(`the last line is cut off: ${text.slice(-80)}`);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A text with a pattern that a tiny model learns: counted words, in ASCII. */
export function tinyText(lines = 2000): string {
  const words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  return Array.from({ length: lines }, (_, i) => `${words[i % 10]} and ${words[(i + 1) % 10]}`).join("\n");
}
