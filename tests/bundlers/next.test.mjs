// @ts-check
// A stranger's Next.js app: a client component that ranks in the page, an edge route with the remote client, a route of the
// Node runtime with the local model.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { missing, visit } from "./visits.mjs";

const HERE = import.meta.dirname;
const APP = join(HERE, "next-app");
const NEXT = join(HERE, "node_modules", "next", "dist", "bin", "next");
const PORT = 4317;
const BEST = "Ulaanbaatar is the capital and the largest city of Mongolia.";
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };

/** @type {import("node:child_process").ChildProcess} */
let server;
before(async () => {
  execFileSync(process.execPath, [NEXT, "build"], { cwd: APP, env, stdio: ["ignore", "inherit", "inherit"] });
  server = spawn(process.execPath, [NEXT, "start", "--port", String(PORT)], { cwd: APP, env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((done, fail) => {
    server.stdout?.on("data", (data) => String(data).includes("Ready") && done(undefined));
    server.once("exit", () => fail(new Error("next start ended")));
  });
});
after(() => server?.kill());

const ask = async (/** @type {string} */ path) => {
  const reply = await fetch(`http://127.0.0.1:${PORT}${path}`);
  return [reply.status, await reply.text()];
};

test("Next.js: an edge route ranks with rerank-wasm/remote", async () => {
  assert.deepEqual(await ask("/api/rank"), [200, JSON.stringify("Ulaanbaatar")]);
});

test("Next.js: a route of the Node runtime ranks with rerank-wasm/local", async () => {
  assert.deepEqual(await ask("/api/local"), [200, JSON.stringify(BEST)]);
});

test("Next.js: a client component ranks with rerank-wasm/local", async (t) => {
  if (missing) return t.skip(missing);
  assert.equal(await visit(`http://127.0.0.1:${PORT}/`), BEST);
});
