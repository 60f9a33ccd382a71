/** Fails a test that prints or warns: output nobody expects hides a fault. A test that means it replaces the method with `vi.spyOn`. */

import { format } from "node:util";
import { afterEach } from "vitest";

const methods = ["debug", "error", "info", "log", "warn"] as const;
const printed: string[] = [];

for (const method of methods)
  console[method] = (...values: unknown[]): void => void printed.push(`console.${method}: ${format(...values)}`);

process.removeAllListeners("warning"); // Node's own listener prints; here a warning is reported with its test
process.on("warning", (warning) => void printed.push(`process warning: ${warning.name}: ${warning.message}`));

afterEach(() => {
  const lines = printed.splice(0);
  if (lines.length > 0) throw new Error(`test: cannot pass: it printed, tests are silent\n${lines.join("\n")}`);
});
