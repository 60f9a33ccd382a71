/** The worker's side of `cameo/web`, for pages that start the worker themselves. */

export { type PagePort, type SessionTools, serveRun } from "./serve-run.ts";
