import { expect, test } from "vitest";
import { commands } from "../src/cli/commands.ts";
import { readText, root } from "./_files.ts";
import { cliPage, makeCliDocs } from "./make-cli-docs.ts";

test("makeCliDocs gives each command its section", async () => {
  const page = await makeCliDocs();
  const titles = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
  expect(titles).toEqual(commands.map(({ name }) => `cameo ${name}`));
  for (const { usage, name } of commands) expect(page).toContain(`  cameo ${name} ${usage}\n`);
});

test("docs/cli.md is current; if not, run `npx node tools/make-cli-docs.ts`", async () => {
  expect(readText(root, cliPage)).toBe(await makeCliDocs());
});
