/**
 * Builds the playground to `web/dist`: files that any web server can hand out from any folder. ONNX Runtime's come from its package, as
 * assets of the worker.
 */

import { resolve } from "node:path";
import { defineConfig, type UserConfigFnObject } from "vite";

const root = import.meta.dirname;

/** Makes a page cross-origin isolated: without it, it has no shared memory, and training on the CPU has one thread. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const config: UserConfigFnObject = defineConfig(({ mode }) => ({
  root,
  base: "./",
  cacheDir: resolve(root, "../node_modules/.vite/playground"),
  resolve: {
    conditions: ["cameo-source"],
    // In tests of the page a double takes the place of the library: `vite web --mode fake`.
    alias: mode === "fake" ? { "cameo/web": resolve(root, "fake.ts") } : {},
  },
  // Known beforehand, so that the development server does not reload a page whose run has just begun.
  optimizeDeps: { include: ["zod", "fflate"], exclude: ["onnxruntime-web"] },
  worker: { format: "es" },
  build: { target: "es2024", outDir: resolve(root, "dist"), emptyOutDir: true, reportCompressedSize: false },
  server: { host: "127.0.0.1", headers: isolation },
  preview: { host: "127.0.0.1", headers: isolation },
}));

export default config;
