/** Serves the repository to a browser: sources as they are through Vite, ONNX Runtime's files as they were published. */

import { createReadStream, existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, extname, resolve } from "node:path";
import { createServer, type Plugin, type ViteDevServer } from "vite";

const root = resolve(import.meta.dirname, "../..");

/** Folder of ONNX Runtime's files on the server. */
export const enginePath = "/engine/";

/** How {@link serve} serves. */
export interface ServeOptions {
  /**
   * Send the headers that make pages cross-origin isolated; without them they have no shared memory, so no threads.
   * @defaultValue true
   */
  readonly isolated?: boolean;
  /** Folder whose files are served. The repository's, whose own package name then means its sources, unless told otherwise. */
  readonly folder?: string;
  /** Packages that are no plain ES modules: they are bundled before the server starts. */
  readonly bundled?: readonly string[];
}

/** A server on the loopback interface. */
export interface PageServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly origin: string;
}

const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const types: Readonly<Record<string, string>> = {
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const blank = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Blank</title>
<script type="module">
import * as calls from "/test/browser/pages/call.ts";
globalThis.calls = calls;
</script>`;

/** A page with nothing on it that lets `page.ts` make calls, and the engine's files untouched: Vite would rewrite how they find each other. */
function extras(headers: Readonly<Record<string, string>>): Plugin {
  const engine = resolve(root, "node_modules/onnxruntime-web/dist");
  const handle = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const { pathname } = new URL(request.url ?? "", "http://server");
    const begin = (type = "application/octet-stream"): ServerResponse =>
      response.writeHead(200, { ...headers, "Content-Type": type, "Cross-Origin-Resource-Policy": "same-origin" });
    const file = resolve(engine, basename(pathname));
    if (pathname === "/") begin("text/html").end(blank);
    else if (pathname.startsWith(enginePath) && existsSync(file))
      createReadStream(file).pipe(begin(types[extname(file)]));
    else next();
  };
  return {
    name: "extras",
    configureServer: ({ middlewares }: ViteDevServer): void => {
      middlewares.use(handle);
    },
  };
}

/**
 * Starts a server.
 *
 * @param options - See {@link ServeOptions}.
 * @returns The server; dispose it.
 */
export async function serve(options: ServeOptions = {}): Promise<PageServer> {
  const headers: Readonly<Record<string, string>> = options.isolated === false ? {} : isolation;
  const server = await createServer({
    root: options.folder ?? root,
    configFile: false,
    appType: "mpa",
    logLevel: "silent",
    // The other packages are served unbundled: a page must not reload in the middle of a test because Vite has found one more.
    optimizeDeps: { noDiscovery: true, include: [...(options.bundled ?? [])] },
    resolve: { conditions: ["cameo-source", "module", "browser", "development"] },
    server: { host: "127.0.0.1", port: 0, watch: null, headers },
    plugins: [extras(headers)],
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (address === null || typeof address !== "object") throw new Error("the server has no address");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
