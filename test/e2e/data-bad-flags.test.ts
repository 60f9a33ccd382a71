/** Flags of the data commands that cannot be meant: one line that says so, and nothing is written. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cameo, temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
mkdirSync(join(folder, "mine"));
const source = join(folder, "mine/a.jsonl");
writeFileSync(source, '{"x":0,"text":"zero"}\n{"x":1,"text":"one"}\n{"x":2,"text":"two"}\n');

test("a source is not written over, whatever it is called", async () => {
  const before = readFileSync(source);
  symlinkSync(source, join(folder, "alias.jsonl"));
  for (const command of [["sample", "--n", "1"], ["check"], ["unpack"]])
    for (const out of [source, join(folder, "alias.jsonl")]) {
      const [name = "", ...flags] = command;
      const { code, stderr } = await cameo(["data", name, join(folder, "mine"), ...flags, "--out", out]);
      expect([code, stderr]).toEqual([
        2,
        `cameo data ${name}: cannot use --out: got "${out}", it is a source, which would be lost\n`,
      ]);
    }
  const pack = join(folder, "own-pack");
  expect((await cameo(["data", "pack", source, "--out", pack])).code).toBe(0);
  const again = await cameo(["data", "pack", pack, "--out", pack, "--overwrite"]);
  expect([again.code, again.stderr]).toEqual([
    2,
    `cameo data pack: cannot use --out: got "${pack}", it holds the source, which would be lost\n`,
  ]);
  expect(readFileSync(source)).toEqual(before);
});

test("a password in an address does not get into the message", async () => {
  const { code, stderr } = await cameo(["data", "inspect", "https://me:secret@example.org/a.jsonl"]);
  expect(code).toBe(1);
  expect(stderr).toContain('cannot read "https://…@example.org/a.jsonl": it holds a user name');
  expect(stderr).not.toContain("secret");
});

test.each([
  [["sample", "--n", "1", "--out", "OUT.jsonl"], "--seed", "-1", "must be an integer in [0, 2^53)"],
  [["check"], "--seed", "1.5", "must be an integer in [0, 2^53)"],
  [["check"], "--seed", "1e300", "must be an integer in [0, 2^53)"],
  [["pack", "--out", "OUT"], "--level", "10", "must be an integer in [0, 9]"],
  [["shard", "--out", "OUT"], "--columns", "none", 'there is no column "none", must be some of x, text'],
  [["pack", "--out", "OUT"], "--columns", "x,none", 'there is no column "none", must be some of x, text'],
  [["pack"], "--out", "s3://bucket/pack", "must be a folder of this machine"],
  [["shard"], "--out", "https://example.org/shards", "must be a folder of this machine"],
  [["check"], "--certificate", "s3://bucket/certificate", "must be a folder of this machine"],
  [["inspect"], "--finite", "none", 'there is no such column, must be one of "x", "text"'],
  [["inspect"], "--faults", "ignore", "must be one of quarantine, fail"],
])("%j refuses %s %s in one line", async ([command = "", ...flags], flag, value, rule) => {
  const out = flags.map((each) => each.replace("OUT", join(folder, "never")));
  const { code, stdout, stderr } = await cameo(["data", command, source, ...out, flag, value]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(rule);
  expect(stderr.trimEnd()).not.toContain("\n");
});
