import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./_files.ts";
import { makeTree } from "./_tree.ts";

const main = (which: string): string => `console.log(${JSON.stringify(which)}, process.argv.slice(2).join(" "))`;

/** A package at `folder` with the launcher and the given mains. */
function makePackage(folder: string, files: Readonly<Record<string, string>>): string {
  const tree = makeTree(
    Object.fromEntries(
      Object.entries({ ...files, "package.json": '{ "type": "module" }', "bin/x": "" }).map(([path, text]) => [
        `${folder}/${path}`,
        text,
      ]),
    ),
  );
  copyFileSync(join(root, "bin/cameo.js"), join(tree, folder, "bin/cameo.js"));
  return join(tree, folder, "bin/cameo.js");
}

const both = { "src/cli/main.ts": main("source"), "dist/cli/main.js": main("build") };

test("the launcher runs the sources of a checkout even beside a build", () => {
  const launcher = makePackage("checkout", both);
  expect(execFileSync(process.execPath, [launcher, "train", "--json"], { encoding: "utf8" })).toBe(
    "source train --json\n",
  );
});

test("the launcher runs the build where it is installed or there is nothing else", () => {
  const installed = makePackage("node_modules/cameo", both);
  expect(execFileSync(process.execPath, [installed], { encoding: "utf8" })).toBe("build \n");
  const bare = makePackage("package", { "dist/cli/main.js": main("build") });
  expect(execFileSync(process.execPath, [bare], { encoding: "utf8" })).toBe("build \n");
});

test("the launcher follows the link that a package manager makes to it", () => {
  const launcher = makePackage("checkout", both);
  const link = join(makeTree({}), "cameo");
  symlinkSync(launcher, link);
  expect(execFileSync(process.execPath, [link], { encoding: "utf8" })).toBe("source \n");
});

test("the launcher refuses an old Node in one line that says the way out", () => {
  const launcher = makePackage("checkout", both);
  const old = 'Object.defineProperty(process.versions, "node", { value: "20.1.0" })';
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${old}`, launcher],
    { encoding: "utf8" },
  );
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^cameo: cannot start: running on Node 20\.1\.0, needs Node 24 or newer; .+\n$/);
});
