#!/usr/bin/env node
// The one JavaScript file here: it must run on any Node, before types are stripped, to say so when Node is too old.

import { existsSync } from "node:fs";
import * as nodeModule from "node:module";

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(
    `cameo: cannot start: running on Node ${process.versions.node}, needs Node 24 or newer; ` +
      "in a checkout run `npm ci`, then `npx cameo`; elsewhere `npm install node@24` puts it first for npx and npm scripts",
  );
  process.exit(1);
}

// Stripped and compiled sources are kept between starts: the second start takes a third of the first.
nodeModule.enableCompileCache();

// A checkout runs its sources, so an edit needs no build. Node strips no types below node_modules: there it is dist.
const source = new URL("../src/cli/main.ts", import.meta.url);
const isInstalled = import.meta.url.includes("/node_modules/");
await import(!isInstalled && existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
