/**
 * Modules that are used again. A module cannot be ended: its threads, and with them its heap, stay until the thread that loaded it ends.
 * So the next engine takes over what the last one left.
 */

import { loadOrtModule, type OrtBuild, type OrtModule } from "./ort-module.ts";

/** A module that one engine has for itself. */
export interface ModuleLease {
  readonly ort: OrtModule;
  /** Leaves it to the next engine: everything in it must have been released. */
  giveBack(): void;
}

const idle = new Map<string, OrtModule[]>();

/** Takes a module that is free, or loads one. See {@link loadOrtModule}. */
export async function leaseModule(build: OrtBuild, threads: number, engineUrl?: string): Promise<ModuleLease> {
  const key = `${build} ${threads} ${engineUrl}`;
  const free = idle.get(key) ?? [];
  idle.set(key, free);
  const ort = free.pop() ?? (await loadOrtModule(build, threads, engineUrl));
  return { ort, giveBack: () => void free.push(ort) };
}
