/** The list of commands, in the order of help. Adding one: its file, its test, one line here. */

import { bench } from "./bench.ts";
import type { Command } from "./command.ts";
import { data } from "./data.ts";
import { exportCommand } from "./export.ts";
import { generate } from "./generate.ts";
import { inspect } from "./inspect.ts";
import { start } from "./start.ts";
import { train } from "./train.ts";

export const commands: readonly Command[] = [start, train, generate, exportCommand, inspect, data, bench];
