import type { ViteUserConfig } from "vitest/config";

const tests = ["src/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts", "web/**/*.test.ts"];
const slow = "**/*.slow.test.ts";
const browser = "test/browser/**";

/** `cameo-source` makes the package's own name mean its sources, so no build stands between an edit and its test. */
const conditions = ["cameo-source"];

const config: ViteUserConfig = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: "forks",
    reporters: ["default", "./tools/vitest-notes.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ["tools/vitest-setup.ts"],
    unstubGlobals: true,
    restoreMocks: true,
    projects: [
      { extends: true, test: { name: "fast", include: tests, exclude: ["node_modules", slow, browser] } },
      {
        extends: true,
        test: {
          name: "slow",
          include: tests.map((pattern) => pattern.replace("*.test", "*.slow.test")),
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: [`${browser}/*.test.ts`],
          setupFiles: ["test/browser/setup.ts"],
          fileParallelism: false, // a browser fills the machine
          testTimeout: 120_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
};

export default config;
