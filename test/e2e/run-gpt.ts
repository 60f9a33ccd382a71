/**
 * Runs a GPT recipe to its end, for tests that kill it: `node run-gpt.ts OUT RECIPE`. Starts the run, or continues it if OUT holds one.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { startGptRun } from "../../src/text/gpt-run.ts";
import type { GptRecipeInput } from "../../src/text/recipe.ts";

const [out, recipe] = process.argv.slice(2) as [string, string];
const resume = existsSync(join(out, "recipe.json"));
const run = await startGptRun(resume ? null : (JSON.parse(recipe) as GptRecipeInput), { out, resume });
await run.result;
