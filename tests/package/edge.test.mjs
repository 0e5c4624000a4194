// @ts-check
// The edge Worker of www/ with a service behind it: DMXAPI's and Qianfan's contracts, through the proxy, in a real workerd.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import { Miniflare } from "miniflare";

import { startContractServer } from "./contract-server.mjs";
import { ROOT, importInstalled } from "./installed.mjs";
import { APP_KEYS, BEARER_KEY, DMXAPI_KEY } from "./remote-fixtures.mjs";
import { bundleWorker } from "./worker-bundle.mjs";

const COMPATIBILITY_DATE = "2026-06-01";
const ACCESS_TOKEN = "callers-know-this";
const ASKED = { model: "m", query: "q", documents: ["a", "b", "c"], top_n: 2, return_documents: true };

const { RemoteReranker } = await importInstalled("rerank-wasm/remote");
const contract = await startContractServer();
after(() => contract.close());
const modules = await bundleWorker(join(ROOT, "www", "edge", "worker.js"), { withModel: false });

/** @param {Record<string, string>} bindings @param {(ask: (headers?: Record<string, string>, body?: any) => Promise<{ status: number, body: any }>, worker: Miniflare) => Promise<void>} run */
async function withWorker(bindings, run) {
  const worker = new Miniflare({
    compatibilityDate: COMPATIBILITY_DATE,
    modulesRoot: "/",
    modules,
    bindings: { SERVICE_URL: contract.baseUrl, ...bindings },
    kvNamespaces: ["TOKENS"],
  });
  const ask = async (/** @type {Record<string, string>} */ headers = {}, /** @type {any} */ body = ASKED) => {
    const reply = await worker.dispatchFetch("http://edge/api/rerank", { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
    return { status: reply.status, body: /** @type {any} */ (await reply.json()) };
  };
  try {
    await run(ask, worker);
  } finally {
    await worker.dispose();
  }
}

test("a secret without ACCESS_TOKEN: 403 for everybody; with it: for whoever does not know it", async () => {
  await withWorker({ DMXAPI_KEY }, async (ask) => {
    for (const headers of [{}, { authorization: "" }, { authorization: "Bearer undefined" }]) assert.equal((await ask(headers)).status, 403);
  });
  await withWorker({ DMXAPI_KEY, ACCESS_TOKEN }, async (ask) => {
    for (const authorization of ["", "wrong", `Bearer ${ACCESS_TOKEN}x`, DMXAPI_KEY]) {
      const { status, body } = await ask({ authorization });
      assert.deepEqual([status, body.error.code], [403, "forbidden"], authorization);
      assert.ok(!JSON.stringify(body).includes(DMXAPI_KEY));
    }
  });
});

test("DMXAPI behind it: any client of that API ranks with the access token as its key", async () => {
  await withWorker({ DMXAPI_KEY, ACCESS_TOKEN }, async (ask, worker) => {
    for (const authorization of [ACCESS_TOKEN, `Bearer ${ACCESS_TOKEN}`]) {
      const { status, body } = await ask({ authorization });
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.results.length, 2);
      assert.ok(body.results[0].relevance_score >= body.results[1].relevance_score);
      assert.deepEqual(body.results[0].document, { text: ASKED.documents[body.results[0].index] });
    }
    const { href } = await worker.ready;
    const reranker = new RemoteReranker({ provider: "dmxapi", baseUrl: `${href}api/rerank`, apiKey: ACCESS_TOKEN });
    assert.equal((await reranker.rerank({ query: "q", documents: ["a", "b"] })).results.length, 2);
  });
});

test("a body over the limit is 413, also where a service is behind", async () => {
  await withWorker({ DMXAPI_KEY, ACCESS_TOKEN }, async (ask) => {
    const { status, body } = await ask({ authorization: ACCESS_TOKEN }, { ...ASKED, documents: ["x".repeat(300_000)] });
    assert.deepEqual([status, body.error.code], [413, "too_long"]);
  });
});

test("Qianfan behind it: by bearer key, and by tokens that are bought once and kept in KV", async () => {
  await withWorker({ QIANFAN_BEARER_KEY: BEARER_KEY, ACCESS_TOKEN, SERVICE_URL: `${contract.baseUrl}/v2/rerank` }, async (ask) => {
    assert.equal((await ask({ authorization: ACCESS_TOKEN })).status, 200);
  });
  const keys = { QIANFAN_API_KEY: APP_KEYS.apiKey, QIANFAN_SECRET_KEY: APP_KEYS.secretKey, TOKEN_URL: `${contract.baseUrl}/oauth/2.0/token` };
  await withWorker({ ...keys, ACCESS_TOKEN }, async (ask, worker) => {
    const { status, body } = await ask({ authorization: ACCESS_TOKEN });
    assert.equal(status, 200, JSON.stringify(body));
    const kept = (await (await worker.getKVNamespace("TOKENS")).list()).keys;
    assert.equal(kept.length, 1);
    assert.ok(!kept[0].name.includes(APP_KEYS.apiKey) && !kept[0].name.includes(APP_KEYS.secretKey), "the key of the entry tells nothing");
  });
});
