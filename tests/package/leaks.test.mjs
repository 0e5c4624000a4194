// @ts-check
// Two thousand finished and two thousand aborted calls (ten thousand each with `test:full`) leave no listener, no timer and no
// connection behind.

import assert from "node:assert/strict";
import { getEventListeners, setMaxListeners } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { importInstalled } from "./installed.mjs";

const { RemoteReranker } = await importInstalled("rerank-wasm/remote");
const CALLS = process.env.RERANK_FULL ? 10_000 : 2_000;
/** Calls under way at a time, and so connections at most. */
const AT_ONCE = 50;

const REPLY = JSON.stringify({ results: [{ index: 0, relevance_score: 0.5 }] });
/** Answers at once, or below /hang never. */
const server = createServer((request, response) => {
  request.resume();
  if (request.url?.startsWith("/hang")) return;
  response.writeHead(200, { "content-type": "application/json" });
  response.end(REPLY);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
after(() => {
  server.closeAllConnections();
  server.close();
});
const origin = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`;
const make = (/** @type {string} */ path) => new RemoteReranker({ provider: "dmxapi", apiKey: "key-0123", baseUrl: `${origin}${path}/rerank`, deadlineMs: 600_000 });

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** fetch keeps connections, and a timer for them, until the server closes them after its five seconds. */
async function settled() {
  for (let tries = 0; tries < 200 && Number(await connections()) + timers() > 0; tries += 1) await pause(50);
  return { timers: timers(), connections: await connections() };
}
const NONE = { timers: 0, connections: 0 };

/** @param {number} calls @param {() => Promise<void>} call */
async function inParallel(calls, call) {
  let left = calls;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) await call();
  }));
}

test("finished calls end with the counts they began with", { timeout: 300_000 }, async () => {
  const reranker = make("");
  const { signal } = new AbortController();
  setMaxListeners(AT_ONCE, signal);
  assert.deepEqual(await settled(), NONE);
  await inParallel(CALLS, async () => {
    assert.equal((await reranker.rerank({ query: "q", documents: ["a"], signal })).results.length, 1);
  });
  assert.equal(getEventListeners(signal, "abort").length, 0);
  assert.deepEqual(await settled(), NONE);
  reranker.dispose();
});

test("aborted calls end with the counts they began with", { timeout: 300_000 }, async () => {
  const reranker = make("/hang");
  assert.deepEqual(await settled(), NONE);
  let [begun, aborted] = [0, 0];
  await inParallel(CALLS, async () => {
    const controller = new AbortController();
    const pending = reranker.rerank({ query: "q", documents: ["a"], signal: controller.signal });
    // Before the request, while it is being made, and while it waits for an answer.
    const when = begun++ % 3;
    if (when === 0) controller.abort();
    else setTimeout(() => controller.abort("enough"), when === 1 ? 0 : 5);
    const error = await pending.catch((/** @type {any} */ error) => error);
    aborted += Number(error.code === "aborted");
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });
  assert.equal(aborted, CALLS);
  assert.deepEqual(await settled(), NONE);
  reranker.dispose();
});
