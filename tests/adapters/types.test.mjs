// @ts-check
// The adapters' types against the frameworks' own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("each adapter has the type that its framework asks for", () => {
  // The compiler of the repository: this runs in .cache/adapters.
  const tsc = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "tsc");
  const { status, stdout } = spawnSync(tsc, ["-p", import.meta.dirname], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
