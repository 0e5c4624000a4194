// @ts-check
// README's example of retrieving and ranking, as it is pasted.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

test("README: retrieve with Orama, rank with the default model", () => {
  const readme = readFileSync(join(import.meta.dirname, "node_modules", "rerank-wasm", "README.md"), "utf8");
  const [, code] = /<!-- example: retrieve -->\n```js\n([^]*?)```/.exec(readme) ?? assert.fail("README has no such example");
  const file = join(import.meta.dirname, "retrieve.mjs");
  writeFileSync(file, code);
  const [best] = execFileSync(process.execPath, [file], { encoding: "utf8" }).trim().split("\n");
  assert.match(best, /^[01]\.\d{3} Ulaanbaatar/);
});
