import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "./_lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lockOf = (pid: number, host = hostname()) => writeFile(join(folder, ".lock"), JSON.stringify({ pid, host }));

test("a second run of one folder is refused while the first lasts, and free after it", async () => {
  {
    await using _first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(
      `process ${process.pid} on ${hostname()} trains in it, one process at a time may`,
    );
  }
  expect(existsSync(join(folder, ".lock"))).toBe(false);
  await using _again = await lockFolder(folder);
});

test("a living process keeps its folder, and one that was killed does not", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await lockOf(child.pid as number);
  await expect(lockFolder(folder)).rejects.toThrow(/trains in it[\s\S]*hint: .*\.lock/);
  child.kill("SIGKILL");
  await once(child, "exit");
  await using _taken = await lockFolder(folder);
});

test("a lock of another machine is respected; one cut off while written is not", async () => {
  await lockOf(1, "another-machine");
  await expect(lockFolder(folder)).rejects.toThrow("process 1 on another-machine trains in it");
  await writeFile(join(folder, ".lock"), '{"pid":');
  await using _taken = await lockFolder(folder);
});
