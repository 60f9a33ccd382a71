/** Skips the tests of this folder where there is no browser, and says why once in each file. */

import { beforeEach } from "vitest";
import { noBrowser } from "./browser.ts";

let said = false;

beforeEach(async ({ skip, annotate }) => {
  if (noBrowser === null) return;
  if (!said) await annotate(`skipped: ${noBrowser}`);
  said = true;
  skip(noBrowser);
});
