import type { UserConfig } from "vite";

/** Makes the page cross-origin isolated; without it, it has no shared memory, and training on the CPU has one thread. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const config: UserConfig = {
  root: import.meta.dirname,
  resolve: { conditions: ["cameo-source"] }, // only in Cameo's own clone, where the package is not built
  optimizeDeps: { exclude: ["cameo", "onnxruntime-web"] }, // both start workers beside themselves
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
};

export default config;
