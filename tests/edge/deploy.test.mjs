// @ts-check
// What `wrangler deploy` would upload, without uploading it, and whether it fits.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { newNode, wrangler } from "../../www/edge/wrangler.mjs";

const MB = 1024 * 1024;
/** Cloudflare's limits of a Worker: until mid-2026 by its compressed size, since then by its own. */
const LIMITS = { "free, until 2026": { gzip: 3 * MB }, "paid, until 2026": { gzip: 10 * MB }, "since 2026": { raw: 64 * MB } };
/** Of one static asset. */
const ASSET_LIMIT = 25 * MB;

test("wrangler deploy --dry-run: the Worker fits, and so does each asset", (t) => {
  const to = mkdtempSync(join(tmpdir(), "rerank-wasm-edge-"));
  try {
    const { status, output } = wrangler(["deploy", "--dry-run", "--outdir", to], { node: newNode(), quiet: true });
    assert.equal(status, 0, output);
    const files = readdirSync(to, { withFileTypes: true }).filter((it) => it.isFile() && !/\.map$|^README/.test(it.name));
    const bytes = files.map(({ name }) => readFileSync(join(to, name)));
    const raw = bytes.reduce((sum, it) => sum + it.length, 0);
    const gzip = bytes.reduce((sum, it) => sum + gzipSync(it).length, 0);
    assert.ok(files.some(({ name }) => name.endsWith(".wasm")), `a module of wasm among ${files.map(({ name }) => name)}`);
    t.diagnostic(`Worker: ${(raw / MB).toFixed(2)} MiB, ${(gzip / MB).toFixed(2)} MiB compressed`);
    for (const [plan, limit] of Object.entries(LIMITS)) {
      const fits = raw <= (limit.raw ?? Infinity) && gzip <= (limit.gzip ?? Infinity);
      t.diagnostic(`${plan}: ${fits ? "fits" : "does not fit"}`);
      // The engine alone is more than the old free plan took.
      if (plan !== "free, until 2026") assert.ok(fits, plan);
    }
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
  const assets = join(import.meta.dirname, "..", "..", ".cache", "edge");
  for (const file of readdirSync(assets, { recursive: true, encoding: "utf8" })) {
    const { size } = statSync(join(assets, file));
    assert.ok(size <= ASSET_LIMIT, `${file}: ${size} bytes, more than the ${ASSET_LIMIT} of a static asset`);
  }
});
