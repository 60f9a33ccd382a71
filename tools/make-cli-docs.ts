/**
 * Writes `docs/cli.md` from the commands' own data: `npx node tools/make-cli-docs.ts`. A test holds that the page is current.
 */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Command, Io } from "../src/cli/command.ts";
import { commands } from "../src/cli/commands.ts";
import { dispatch } from "../src/cli/dispatch.ts";
import { root } from "./_files.ts";

/** The page, from the root. */
export const cliPage = "docs/cli.md";

const opening = `# Command line

<!-- Written by tools/make-cli-docs.ts from the commands' own data: change those, then run \`npx node tools/make-cli-docs.ts\`. -->

In a checkout, \`npx cameo\` runs the sources as they are. Everything below is also what \`npx cameo help <command>\` prints.
`;

const conventions = `
People get progress and messages on stderr; results go to stdout. With \`--json\` stdout carries one JSON object a line and
nothing else. An error is one line that names the call, what it got, the rule, and often the way out on a second line;
\`--verbose\` adds the stack.

| exit code | meaning |
|--:|---|
| 0 | done |
| 1 | failed: unreadable data, a damaged file, a full disk; nothing that was there is lost |
| 2 | wrong usage: an unknown flag, a value out of range |
| 130 | interrupted by Ctrl-C, after a checkpoint |

The lines that \`train\` and \`start\` print with \`--json\`, which are also those of a run's \`events.jsonl\` (\`start\` adds a
sample from the exported file; where a file is fine-tuned, tokens are samples):

| \`type\` | when | fields beside \`type\` |
|---|---|---|
| \`start\` | once, before the first step | \`run\`, \`time\`, \`device\`, \`engine\`, \`threads\`, \`parameters\`, \`step\`, \`steps\`, \`tokensPerStep\`, \`notes\` |
| \`warning\` | something to know; the run goes on | \`message\` |
| \`step\` | after each optimizer step | \`step\`, \`loss\` [nats], \`learningRate\`, \`ms\`, \`tokensPerSecond\`, \`gradientNorm\` where clipping needs it, \`copiedBytes\` where the device has a memory of its own, \`lossScale\` and \`skipped\` in mixed precision |
| \`evaluation\` | every \`--evaluate-every\` steps and at the end | \`step\`, \`valLoss\` [nats] |
| \`sample\` | every \`--sample-every\` steps and at the end | \`step\`, \`prompt\`, \`text\` |
| \`checkpoint\` | a checkpoint is on disk, whole | \`step\`, \`path\`, \`sizeBytes\` |
| \`export\` | a file was exported | \`path\`, \`sizeBytes\` |
| \`done\` | last | \`status\` (\`completed\` or \`stopped\`), \`step\`, \`loss\`, \`valLoss\`, \`seconds\`, \`tokensPerSecond\`, \`path\` |
`;

/**
 * Makes the page.
 *
 * @returns Its text, the same on every machine.
 */
export async function makeCliDocs(): Promise<string> {
  const list = commands.map(portable);
  const sections = [`\n\`\`\`text\n${await helpText([], list)}\`\`\`\n`, conventions];
  const section = async (heading: string, ...words: string[]): Promise<void> => {
    const text = await helpText(["help", ...words], list);
    sections.push(`\n${heading} cameo ${words.join(" ")}\n\n\`\`\`text\n${text}\`\`\`\n`);
  };
  for (const { name, variants = [], subcommands } of list) {
    await section("##", name);
    for (const { title } of variants) await section("###", name, title);
    for (const below of (await subcommands?.()) ?? []) await section("###", ...below.name.split(" "));
  }
  return opening + sections.join("");
}

/** A default that is the machine's own number of cores would differ from one machine to the next. */
function portable(command: Command): Command {
  const cores = availableParallelism();
  const flags = command.flags.map((flag) =>
    flag.name === "threads" && flag.default === cores ? { ...flag, default: "all cores" } : flag,
  );
  return { ...command, flags };
}

/** What the command line prints for some words. */
async function helpText(words: readonly string[], list: readonly Command[]): Promise<string> {
  let text = "";
  const write = (piece: string): void => {
    text += piece;
  };
  const stdin = (async function* (): AsyncGenerator<Uint8Array> {})();
  const io: Io = { stdin, stdout: { write }, stderr: { write }, signal: new AbortController().signal, env: {} };
  await dispatch(words, io, list);
  return text;
}

if (import.meta.main) writeFileSync(resolve(root, cliPage), await makeCliDocs());
