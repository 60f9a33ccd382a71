/** Python as a peer of benchmarks: an interpreter that has the packages, and a process that is asked one JSON line at a time. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "../..");

/** What a peer needs. */
export interface PeerEnvironment {
  /** Folder of the virtual environment, in `.cache/peers`. */
  readonly name: string;
  /** What is installed, in order: arguments of `pip install`. Steps marked optional may fail. */
  readonly installs: readonly { readonly arguments: readonly string[]; readonly optional?: boolean }[];
  /** Modules without which it is of no use. */
  readonly imports: readonly string[];
  /** For people: `"PyTorch (a few gigabytes)"`. */
  readonly what: string;
}

/** A file of `bench/peers`. */
export function peerFile(name: string): string {
  return join(root, "bench/peers", name);
}

/** A process under way. */
export interface PeerProcess {
  /** Sends one object and waits for the answer. Rejects when the process ends. */
  ask(message: unknown): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/**
 * An interpreter that has the environment's packages: the one in `CAMEO_PYTHON`, else that of a virtual environment under
 * `.cache/peers`, which is made on first use.
 *
 * @param environment - What must be there.
 * @param tell - Told what takes time.
 * @returns The interpreter, or the reason why there is none.
 */
export function findPython(
  environment: PeerEnvironment,
  tell: (message: string) => void,
): { found: true; path: string } | { found: false; reason: string } {
  const { name, imports, what } = environment;
  if (!existsSync(peerFile("")))
    return {
      found: false,
      reason: "bench/peers is not part of the installed package: run from a clone of the repository",
    };
  const has = (python: string): boolean =>
    spawnSync(python, ["-c", `import ${imports.join(", ")}`], { stdio: "ignore" }).status === 0;
  const chosen = process.env.CAMEO_PYTHON;
  if (chosen !== undefined && chosen !== "")
    return has(chosen)
      ? { found: true, path: chosen }
      : { found: false, reason: `CAMEO_PYTHON (${chosen}) cannot import ${imports.join(" and ")}` };
  const folder = join(root, ".cache/peers", name);
  const path = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  if (existsSync(path) && has(path)) return { found: true, path };
  tell(`making a virtual environment with ${what} in .cache/peers (once)`);
  const made = spawnSync("python3", ["-m", "venv", folder], { encoding: "utf8" });
  if (made.status !== 0) return { found: false, reason: "python3 cannot make a virtual environment" };
  for (const step of environment.installs) {
    const words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...step.arguments];
    const installed = spawnSync(path, words, { encoding: "utf8", timeout: 15 * 60_000 });
    if (installed.status !== 0 && step.optional !== true)
      return { found: false, reason: `pip could not install ${step.arguments.join(" ")}` };
  }
  return has(path) ? { found: true, path } : { found: false, reason: `${imports.join(" and ")} cannot be imported` };
}

/**
 * Starts a script that reads one JSON object a line and answers each with one.
 *
 * @param python - The interpreter.
 * @param script - Path of the script.
 * @returns The process; close it.
 */
export function startPeer(python: string, script: string): PeerProcess {
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // a peer that ended: its exit says so
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the peer ended with code ${code}`)));
  });
  ended.catch(() => {});
  return {
    ask: async (message) => {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const line = await Promise.race([lines.next(), ended]);
      if (line.done === true) throw new Error("the peer closed its output");
      return JSON.parse(line.value) as Record<string, unknown>;
    },
    close: async () => {
      child.stdin.end(`${JSON.stringify({ quit: true })}\n`);
      await ended.catch(() => {});
    },
  };
}
