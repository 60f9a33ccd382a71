/** Says how many fixtures there are and of which library versions. The tests beside the sources hold the code against every one of them. */

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

interface Fixture {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows?: readonly { readonly library?: string }[];
  readonly cases?: object;
}

const folder = join(import.meta.dirname, "../../fixtures");

test.each(globSync("{mixed,nn,ops,optim}/*.json", { cwd: folder }).sort())("%s names its libraries", async (file) => {
  const { versions, rows, cases } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Fixture;
  for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(rows?.length ?? Object.keys(cases ?? {}).length).toBeGreaterThan(0);
});

test("the fixtures in numbers", async ({ annotate }) => {
  const lines = globSync("{mixed,nn,ops,optim}/*.json", { cwd: folder })
    .sort()
    .map((file) => {
      const { versions, rows, cases } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Fixture;
      const count = rows?.length ?? Object.keys(cases ?? {}).length;
      const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
      return `${file} ${count} (${libraries.join(", ")})`;
    });
  await annotate(`fixtures: ${lines.join("; ")}`);
});
