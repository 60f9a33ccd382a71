import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ShardCache } from "./shard-cache.ts";

const fresh = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), "cache-")), "shards");

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (const part of text.match(/.{1,3}/g) ?? []) yield new TextEncoder().encode(part);
}

/** The content of a copy; `made` counts how often it was made. */
async function contentOf(cache: ShardCache, key: string, made: { count: number }, text = `content of ${key}`) {
  await using file = await cache.open(key, text.length, () => {
    made.count++;
    return bytes(text);
  });
  return (await file.readFile()).toString();
}

test("many who want a copy at once get the one that is made", async () => {
  const folder = await fresh();
  const made = { count: 0 };
  const all = Array.from({ length: 6 }, () => contentOf(new ShardCache({ folder }), "a", made));
  expect(new Set(await Promise.all(all))).toEqual(new Set(["content of a"]));
  expect(made.count).toBe(1);
  expect((await readdir(folder)).every((name) => name.endsWith(".shard"))).toBe(true);
});

test("what was used longest ago goes when the quota is reached", async () => {
  const cache = new ShardCache({ folder: await fresh(), quotaBytes: 30 });
  const made = { count: 0 };
  const use = async (key: string): Promise<void> => {
    await contentOf(cache, key, made, `ten of ${key}...`.slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 5)); // files' times must differ
  };
  for (const key of ["a", "b", "c"]) await use(key);
  await use("a");
  expect(made.count).toBe(3);
  await use("d"); // in the place of b
  for (const key of ["a", "c", "d"]) await use(key);
  expect(made.count).toBe(4);
  await use("b");
  expect(made.count).toBe(5);
});

test("a copy that is open stays readable when it is evicted", async () => {
  const cache = new ShardCache({ folder: await fresh(), quotaBytes: 10 });
  await using first = await cache.open("a", 10, () => bytes("0123456789"));
  await using second = await cache.open("b", 10, () => bytes("abcdefghij"));
  expect((await first.readFile()).toString()).toBe("0123456789");
  expect((await second.readFile()).toString()).toBe("abcdefghij");
});

test("a copy that fails leaves nothing behind, and the next one is tried", async () => {
  const folder = await fresh();
  const cache = new ShardCache({ folder });
  const failing = cache.open("a", 5, async function* () {
    yield Uint8Array.of(1);
    throw new Error("connection lost");
  });
  await expect(failing).rejects.toThrow("connection lost");
  expect(await readdir(folder)).toEqual([]);
  expect(await contentOf(cache, "a", { count: 0 })).toBe("content of a");
});

test("what a killed process left is void after a while", async () => {
  const folder = await fresh();
  const cache = new ShardCache({ folder });
  const made = { count: 0 };
  await contentOf(cache, "a", made);
  const [name = ""] = await readdir(folder);
  const old = new Date(Date.now() - 60_000);
  const other = join(folder, `${"0".repeat(64)}.shard.tmp-1-ff`);
  await writeFile(other, "half");
  await utimes(other, old, old);
  // The lock of a copy that is not there.
  await writeFile(join(folder, `${name}.lock`), "1 0.5");
  await utimes(join(folder, `${name}.lock`), old, old);
  await utimes(join(folder, name), old, old);
  await rm(join(folder, name));
  expect(await contentOf(cache, "a", made)).toBe("content of a");
  expect(made.count).toBe(2);
  expect(await readdir(folder)).toEqual([name]);
});

test("a process that is killed in the middle of a copy leaves no copy, and the next one makes it", async () => {
  const folder = await fresh();
  const module = new URL("./shard-cache.ts", import.meta.url).href;
  const script = `
    const { ShardCache } = await import(${JSON.stringify(module)});
    setInterval(() => {}, 1000);
    await new ShardCache({ folder: ${JSON.stringify(folder)} }).open("a", 12, async function* () {
      yield new TextEncoder().encode("half");
      await new Promise(() => {});
    });`;
  const child = spawn(process.execPath, ["--conditions=cameo-source", "--input-type=module", "--eval", script]);
  const exit = once(child, "exit");
  const half = async (): Promise<string | undefined> => {
    const name = (await readdir(folder).catch(() => [])).find((each) => each.includes(".tmp-"));
    return name !== undefined && (await readFile(join(folder, name), "utf8")) === "half" ? name : undefined;
  };
  while ((await half()) === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill("SIGKILL");
  expect(await exit).toEqual([null, "SIGKILL"]);
  const left = await readdir(folder);
  expect(left).toHaveLength(2); // the lock, and half of the copy
  const old = new Date(Date.now() - 60_000);
  for (const name of left) await utimes(join(folder, name), old, old);
  expect(await contentOf(new ShardCache({ folder }), "a", { count: 0 })).toBe("content of a");
  expect((await readdir(folder)).every((name) => name.endsWith(".shard"))).toBe(true);
});

test("a live lock is waited for, until the signal aborts", async () => {
  const folder = await fresh();
  const cache = new ShardCache({ folder });
  await contentOf(cache, "a", { count: 0 });
  const [name = ""] = await readdir(folder);
  const empty = await fresh();
  await mkdir(empty, { recursive: true });
  await writeFile(join(empty, `${name}.lock`), "1 0.5");
  const signal = AbortSignal.timeout(150);
  await expect(new ShardCache({ folder: empty }).open("a", 3, () => bytes("abc"), signal)).rejects.toThrow();
});

test("processes share a folder", async () => {
  const folder = await fresh();
  const log = join(tmpdir(), `cache-log-${process.pid}-${Date.now()}`);
  await writeFile(log, "");
  const module = new URL("./shard-cache.ts", import.meta.url).href;
  const script = `
    import { appendFileSync } from "node:fs";
    const { ShardCache } = await import(${JSON.stringify(module)});
    const cache = new ShardCache({ folder: ${JSON.stringify(folder)} });
    for (let i = 0; i < 20; i++) {
      await using file = await cache.open("key " + i, 4, async function* () {
        appendFileSync(${JSON.stringify(log)}, i + "\\n");
        yield new Uint8Array(4).fill(i);
      });
      if ((await file.readFile())[3] !== i) process.exit(7);
    }`;
  const children = [1, 2].map(() =>
    spawn(process.execPath, ["--conditions=cameo-source", "--input-type=module", "--eval", script]),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual([0, 0]);
  expect((await readFile(log, "utf8")).trim().split("\n")).toHaveLength(20);
});

test.skipIf(process.platform === "win32").each([0, 1])(
  "a disk with room for %i kilobytes is told of, and nothing is left on it",
  async (kilobytes) => {
    const folder = await fresh();
    const module = new URL("./shard-cache.ts", import.meta.url).href;
    const script = `
      const { ShardCache } = await import(${JSON.stringify(module)});
      const cache = new ShardCache({ folder: ${JSON.stringify(folder)}, quotaBytes: 1e6 });
      await cache.open("a", 1e5, async function* () { yield new Uint8Array(1e5); }).catch((error) => {
        console.log(error.message);
      });`;
    const words = ["--conditions=cameo-source", "--input-type=module", "--eval", script];
    const shell = `ulimit -f ${kilobytes} && exec "$0" "$@"`; // a limit of the size of files is the nearest to a full disk
    const child = spawn("bash", ["-c", shell, process.execPath, ...words]);
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += String(chunk);
    });
    await once(child, "close");
    expect(printed).toMatch(/^ShardCache: cannot keep "a" in ".*": EFBIG: .*\nhint: lower quotaBytes/);
    expect(await readdir(folder)).toEqual([]);
  },
);

test("a copy larger than the quota is refused, and so is a quota of nothing", async () => {
  const cache = new ShardCache({ folder: await fresh(), quotaBytes: 10 });
  await expect(cache.open("a", 11, () => bytes("x"))).rejects.toThrow(
    /^ShardCache: cannot keep "a": it has 11 bytes, the quota is 10\nhint: raise quotaBytes/,
  );
  expect(() => new ShardCache({ folder: "x", quotaBytes: 0 })).toThrow("cannot use quotaBytes: got 0");
});
