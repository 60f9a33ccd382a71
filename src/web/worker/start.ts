/** The worker that `trainGpt` starts. */

import { type PagePort, serveRun } from "./serve-run.ts";

serveRun(globalThis as unknown as PagePort);
