// @ts-check
// The installed package against the contract server, in Node: the cases every runtime runs, and what only Node can show.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, before, test } from "node:test";

import { startContractServer } from "./contract-server.mjs";
import { remoteAuth } from "./remote-auth.mjs";
import { remoteCases } from "./remote-cases.mjs";
import { remoteFaults } from "./remote-faults.mjs";
import { remoteProxy } from "./remote-proxy.mjs";
import { importInstalled } from "./installed.mjs";
import { DMXAPI_KEY, plan } from "./remote-fixtures.mjs";

const { RemoteReranker, isRerankError } = await importInstalled("rerank-wasm/remote");
const { createProxy } = await importInstalled("rerank-wasm/proxy");

/** @type {Awaited<ReturnType<typeof startContractServer>>} */
let server;
before(async () => {
  server = await startContractServer();
});
after(() => server.close());

const REQUEST = { query: "q", documents: ["a"] };
const make = (/** @type {any} */ options = {}) => new RemoteReranker({ provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl: server.baseUrl, ...options });

for (const { name, run } of [...remoteCases, ...remoteAuth, ...remoteFaults, ...remoteProxy]) {
  test(name, () => run({ RemoteReranker, createProxy, isRerankError, baseUrl: server.baseUrl }));
}

test("no listener and no timer is left behind, finished or aborted", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const { signal } = new AbortController();
  const reranker = make();
  for (let call = 0; call < 50; call += 1) await reranker.rerank({ ...REQUEST, signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
  const cut = new AbortController();
  const hung = make({ baseUrl: plan(server, "hang,hang,hang,hang").baseUrl, deadlineMs: 60_000 });
  const pending = [1, 2, 3, 4].map(() => hung.rerank({ ...REQUEST, signal: cut.signal }).catch((error) => error.code));
  setTimeout(() => cut.abort("x"), 50);
  assert.deepEqual(await Promise.all(pending), ["aborted", "aborted", "aborted", "aborted"]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(getEventListeners(cut.signal, "abort").length, 0);
  // undici keeps timers of its own for idle connections.
  assert.ok(timers() <= before + 2, `${before} timers before, ${timers()} after`);
});

test("no rejection is left unhandled by any of the faults above", async () => {
  const unhandled = [];
  process.on("unhandledRejection", (reason) => unhandled.push(reason));
  for (const { run } of remoteFaults.filter(({ name }) => /abort|fetch|timeout|dispose/.test(name))) {
    await run({ RemoteReranker, isRerankError, baseUrl: server.baseUrl });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(unhandled, []);
});

test("a page is known by what it is: real pages and workers are guarded, look-alikes are not", () => {
  const worlds = [
    [{ document: {} }, true],
    [{ WorkerGlobalScope: class {}, importScripts() {} }, true],
    [{ document: {}, process: { versions: {} } }, true],
    [{ document: {}, process: { versions: { node: "20" } } }, false],
    [{ document: {}, Deno: {} }, false],
    [{ WorkerGlobalScope: class {}, navigator: { userAgent: "Cloudflare-Workers" }, importScripts() {} }, false],
    [{ EdgeRuntime: "edge", document: {} }, false],
    [{}, false],
  ];
  for (const [world, isPage] of /** @type {[any, boolean][]} */ (worlds)) {
    const refused = within({ process: undefined, navigator: undefined, ...world }, () => {
      try {
        make({ baseUrl: undefined });
        return false;
      } catch (error) {
        return isRerankError(error) && error.code === "invalid_request" && error.message.startsWith("apiKey: a page shows");
      }
    });
    assert.equal(refused, isPage, JSON.stringify(Object.keys(world)));
    within({ process: undefined, ...world }, () => make({ baseUrl: undefined, dangerouslyAllowBrowser: true }));
    within({ process: undefined, ...world }, () => make({ baseUrl: "https://proxy.example" }));
  }
  const relative = within({ location: { href: "https://shop.example/a/b" } }, () => make({ baseUrl: "/api", fetch: async (/** @type {any} */ url) => Response.json({ url }) }));
  assert.ok(relative);
  assert.throws(() => make({ baseUrl: "/api" }), { code: "invalid_request" });
});

/** Runs `act` with these globals, then puts things back. @param {Record<string, any>} globals @param {() => any} act */
function within(globals, act) {
  const held = Object.keys(globals).map((name) => /** @type {const} */ ([name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return act();
  } finally {
    for (const [name, descriptor] of held) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (/** @type {any} */ (globalThis)[name]);
    }
  }
}
