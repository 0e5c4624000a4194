// @ts-check
// createProxy in real Workers whose isolates share one token through KV, and a page's client before them. What other origins
// get is remote-proxy.mjs's, also in workerd: miniflare's front door lets no Origin in.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import { errorOf } from "./assert.mjs";
import { startContractServer } from "./contract-server.mjs";
import { ROOT, importInstalled } from "./installed.mjs";
import { APP_KEYS, plan, seen } from "./remote-fixtures.mjs";
import { bundleWorker } from "./worker-bundle.mjs";

const { Miniflare } = await import("miniflare");
const { RemoteReranker } = await importInstalled("rerank-wasm/remote");
const contract = await startContractServer();
const shop = plan(contract, "ok");
const modules = await bundleWorker(join(ROOT, "tests", "package", "workers", "proxy.mjs"), { withModel: false });
const worker = (/** @type {string} */ name, /** @type {string} */ service) => ({
  name, modules, modulesRoot: "/", compatibilityDate: "2026-06-01", kvNamespaces: { TOKENS: "tokens" },
  bindings: { API_KEY: APP_KEYS.apiKey, SECRET_KEY: APP_KEYS.secretKey, SERVICE: service, TOKEN_URL: `${shop.baseUrl}/oauth/2.0/token` },
});
const edge = new Miniflare({
  workers: [worker("first", contract.baseUrl), worker("second", contract.baseUrl), worker("failing", plan(contract, "qps,daily,ok").baseUrl), worker("expired", plan(contract, "expired,ok").baseUrl)],
});
after(() => Promise.all([edge.dispose(), contract.close()]));

/** A client as a page has it, before one of the Workers. @param {string} name @param {object} [options] */
async function page(name, options = {}) {
  const { fetch } = await edge.getWorker(name);
  const headers = { "x-session": "visitor" };
  return new RemoteReranker({ provider: "qianfan", baseUrl: "https://edge.example/api/rerank", headers, fetch, ...options });
}
const REQUEST = { query: "上海天气", documents: ["北京美食", "上海气候"] };

test("two isolates rank with one token, which KV keeps", async () => {
  for (const name of ["first", "second"]) {
    const { results } = await (await page(name)).rerank(REQUEST);
    assert.deepEqual(results.map((/** @type {any} */ { index, relevanceScore }) => [index, relevanceScore]), [[1, 0.70597], [0, 0.42414]]);
  }
  assert.equal((await seen(contract, shop.id)).length, 1, "tokens bought");
  const { keys } = await (await edge.getKVNamespace("TOKENS", "first")).list();
  assert.equal(keys.length, 1);
  assert.ok(!keys[0].name.includes(APP_KEYS.apiKey) && Number(keys[0].expiration) > Date.now() / 1000 + 2_000_000, JSON.stringify(keys));
});

test("a token that the service takes no more is bought anew once, in the Worker", async () => {
  const before = (await seen(contract, shop.id)).length;
  assert.equal((await (await page("expired")).rerank(REQUEST)).results.length, 2);
  assert.equal((await seen(contract, shop.id)).length, before + 1);
});

test("the page sees the service's errors as its own, and others none of it", async () => {
  /** @type {number[]} */
  const statuses = [];
  const error = await errorOf((await page("failing", { onAttempt: (/** @type {any} */ { status }) => statuses.push(status) })).rerank(REQUEST));
  assert.deepEqual([error.code, error.providerCode, error.requestId, error.retryable, statuses], ["quota_exhausted", 17, "as-contract-error", false, [429, 402]]);
  const stranger = await errorOf((await page("first", { headers: {} })).rerank(REQUEST));
  assert.deepEqual([stranger.code, stranger.status], ["forbidden", 403]);
});
