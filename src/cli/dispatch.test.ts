import { expect, test } from "vitest";
import { cameo } from "../../test/support/cli.ts";
import { Interrupted } from "./_failure.ts";
import { type Command, usageError } from "./command.ts";
import { commands } from "./commands.ts";
import { packageVersion } from "./version.ts";

const command = (name: string, run: Command["run"], more: Partial<Command> = {}): Command => ({
  name,
  summary: `do ${name}`,
  usage: "",
  positionals: [0, 0],
  flags: [],
  examples: [`cameo ${name}`],
  run,
  ...more,
});
const failing = (error: unknown): Command =>
  command("fail", async () => {
    throw error;
  });

test.each([[[]], [["--help"]], [["help"]], [["-h"]]])(
  "cameo %j lists every command with its summary",
  async (words) => {
    const { code, stdout, stderr } = await cameo(words);
    expect([code, stderr]).toEqual([0, ""]);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
  },
);

/** Every command that does something; those below a group among them. */
const leaves = (await Promise.all(commands.map(async (one) => (await one.subcommands?.()) ?? [one]))).flat();

test.each(leaves.map(({ name }) => name))(
  "help of %s shows its form, every flag, and examples that parse",
  async (name) => {
    const { code, stdout } = await cameo(["help", ...name.split(" ")]);
    expect(code).toBe(0);
    const { usage, flags, examples } = leaves.find((one) => one.name === name) as Command;
    expect(stdout).toContain(`cameo ${name} ${usage}`);
    for (const flag of flags) expect(stdout).toMatch(new RegExp(`^  --(\\[no-\\])?${flag.name}\\b`, "m"));
    for (const example of examples) {
      expect(stdout).toContain(`  ${example}`);
      for (const [, flag] of example.matchAll(/(?<= )--(?:no-)?([\w-]+)/g))
        expect(flags.map((one) => one.name)).toContain(flag);
    }
    expect((await cameo([...name.split(" "), "--help"])).stdout).toBe(stdout);
  },
);

test("every flag is described in one line without a period", () => {
  for (const { flags } of leaves) for (const { description } of flags) expect(description).toMatch(/^[^\n]*[^.\n]$/);
});

test("--version prints the package's version", async () => {
  expect(await cameo(["--version"])).toEqual({ code: 0, stdout: `${packageVersion()}\n`, stderr: "" });
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
});

test("an unknown command is wrong usage, with the nearest name", async () => {
  const { code, stdout, stderr } = await cameo(["trian"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe('cameo: cannot run "trian": there is no such command, the nearest is "train"\n');
  expect((await cameo(["help", "xyzzy"])).stderr).toMatch(/there is no such command, commands are start, train, /);
});

test("a command's code is the exit code", async () => {
  expect((await cameo(["seven"], { commands: [command("seven", async () => 7)] })).code).toBe(7);
});

test("an error is one line and a stack only with --verbose", async () => {
  const error = usageError("fail", "use it", "got nothing", "it must be something", "give it", new Error("inner"));
  const quiet = await cameo(["fail"], { commands: [failing(error)] });
  expect(quiet).toEqual({
    code: 2,
    stdout: "",
    stderr: "cameo fail: cannot use it: got nothing, it must be something\nhint: give it\n",
  });
  const loud = await cameo(["fail", "--verbose"], { commands: [failing(error)] });
  expect(loud.stderr).toMatch(/^cameo fail: cannot use it[\s\S]*\n {4}at [\s\S]*caused by Error: inner/);
});

test("Ctrl-C ends a command at once, or lets it finish if it says so", async () => {
  const interrupt = (): AbortSignal => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Interrupted()), 5);
    return stop.signal;
  };
  const endless = command("wait", () => new Promise(() => {}));
  expect(await cameo(["wait"], { commands: [endless], signal: interrupt() })).toEqual({
    code: 130,
    stdout: "",
    stderr: "cameo wait: interrupted, nothing was lost\n",
  });
  const graceful = command(
    "wait",
    async (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(3))),
    {
      stops: "gracefully",
    },
  );
  expect((await cameo(["wait"], { commands: [graceful], signal: interrupt() })).code).toBe(3);
});

test("a group lists the commands below it and runs the one that is named", async () => {
  const below = command("tools saw", async (args) => args.positionals.length, { positionals: [0, 3] });
  const group = command("tools", async () => 9, { subcommands: async () => [below] });
  for (const words of [["tools"], ["tools", "--help"], ["help", "tools"]]) {
    const { code, stdout } = await cameo(words, { commands: [group] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}tools saw {2}do tools saw$/m);
  }
  expect((await cameo(["tools", "saw", "oak", "ash"], { commands: [group] })).code).toBe(2);
  expect((await cameo(["help", "tools", "saw"], { commands: [group] })).stdout).toContain(
    "cameo tools saw: do tools saw",
  );
  const { code, stderr } = await cameo(["tools", "sew"], { commands: [group] });
  expect([code, stderr]).toEqual([2, expect.stringContaining('the nearest is "saw"')]);
});
