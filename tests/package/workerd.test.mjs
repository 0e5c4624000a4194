// @ts-check
// A real workerd: the edge Worker of www/, the cases inside an isolate, and how much memory ranking takes there.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { assembleAssets } from "../../www/edge/assets.mjs";
import { startContractServer } from "./contract-server.mjs";
import { serveFixtures } from "./fixtures.mjs";
import { ROOT, installed } from "./installed.mjs";
import { cases } from "./local-cases.mjs";
import { remoteAuth } from "./remote-auth.mjs";
import { remoteCases } from "./remote-cases.mjs";
import { remoteProxy } from "./remote-proxy.mjs";
import { bundleWorker } from "./worker-bundle.mjs";

/** What miniflare runs on. */
const LEAST_NODE = 22;
/** Of the 128 MB that an isolate has: the rest is for what else runs in it. */
const MOST_BYTES = 96e6;
const COMPATIBILITY_DATE = "2026-06-01";
const DMXAPI_EXAMPLE = {
  model: "bge-reranker-v2-m3-free",
  query: "What is the capital of Mongolia?",
  documents: ["Capital gains are taxed when the shares are sold.", "Ulaanbaatar is the capital and the largest city of Mongolia."],
  return_documents: true, top_n: 3, max_chunks_per_doc: 10, overlap_tokens: 80,
};

if (Number(process.versions.node.split(".")[0]) < LEAST_NODE) {
  console.log(`# skipped: miniflare needs Node ${LEAST_NODE}; run this with node_modules/.bin/node`);
} else {
  await main();
}

async function main() {
  const { Miniflare } = await import("miniflare");
  const here = (/** @type {string} */ name) => join(ROOT, "tests", "package", "workers", name);
  const assets = join(ROOT, ".cache", "edge-test");
  assembleAssets({ pkg: installed.pkg, model: installed.model, to: assets });
  const common = { compatibilityDate: COMPATIBILITY_DATE, modulesRoot: "/" };
  const edge = new Miniflare({
    ...common,
    modules: await bundleWorker(here("edge.mjs"), { withModel: false }),
    assets: { directory: assets, binding: "ASSETS", routerConfig: { has_user_worker: true } },
    inspectorPort: 0,
  });
  const isolate = new Miniflare({ ...common, modules: await bundleWorker(here("cases.mjs"), { withModel: true }) });
  const fixtures = await serveFixtures();
  const contract = await startContractServer();
  after(async () => {
    await Promise.all([edge.dispose(), isolate.dispose(), fixtures.close(), contract.close()]);
    rmSync(assets, { recursive: true });
  });

  const ask = async (/** @type {string} */ path, /** @type {any} */ init = undefined) => {
    const reply = await edge.dispatchFetch(`http://edge${path}`, init);
    // At once: miniflare's undici empties a body that nobody reads for a while.
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const post = async (/** @type {any} */ body) => {
    const { status, text } = await ask("/api/rerank", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
    return { status, body: JSON.parse(text) };
  };

  test("POST /api/rerank answers in DMXAPI's shape; many first callers share one model", async () => {
    const replies = await Promise.all([1, 2, 3].map(() => post(DMXAPI_EXAMPLE)));
    for (const { status, body } of replies) {
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.results.map((/** @type {any} */ it) => it.index), [1, 0]);
      assert.deepEqual(body.results[0].document, { text: DMXAPI_EXAMPLE.documents[1] });
      assert.ok(body.results[0].relevance_score > 0.5);
      assert.deepEqual(body.usage, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
    }
    const { body: bare } = await post({ ...DMXAPI_EXAMPLE, top_n: 1, return_documents: false });
    assert.deepEqual(Object.keys(bare.results[0]), ["index", "relevance_score"]);
    assert.equal(bare.results.length, 1);
  });

  // Before the tests that pass files through the Worker: when their garbage goes is chance.
  test("memory while ranking 8 documents of 256 tokens", async (t) => {
    // Some 250 tokens each, of ordinary words.
    const sentence = "The weather was sunny and the garden path was dry, so the runner went out early. ";
    const documents = Array.from({ length: 8 }, (_, n) => `${n} ${sentence.repeat(12)}`);
    const { status } = await post({ query: "When did the runner go out?", documents });
    assert.equal(status, 200);
    const wasm = Number((await ask("/test/wasm-bytes")).text);
    const js = await bytesHeldByJs(await edge.getInspectorURL());
    const mb = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
    t.diagnostic(`workerd memory: wasm ${mb(wasm)} + JS ${mb(js)} = ${mb(wasm + js)}`);
    assert.ok(wasm > 0 && js > 0);
    assert.ok(wasm + js <= MOST_BYTES, `expected at most ${mb(MOST_BYTES)}, found ${mb(wasm + js)}`);
  });

  test("bad bodies get a status and an error object that names the field as it was sent", async () => {
    /** @type {[body: any, status: number, param: string, message: RegExp][]} */
    const bad = [
      ["{", 400, "", /JSON/],
      ["[]", 400, "", /JSON object/],
      ["null", 400, "", /JSON object/],
      [{ ...DMXAPI_EXAMPLE, query: undefined }, 400, "query", /string/],
      [{ ...DMXAPI_EXAMPLE, query: " " }, 400, "query", /expected some text/],
      [{ ...DMXAPI_EXAMPLE, documents: [] }, 400, "documents", /not empty/],
      [{ ...DMXAPI_EXAMPLE, documents: ["a", ""] }, 400, "documents", /documents\[1\]/],
      [{ ...DMXAPI_EXAMPLE, documents: [5] }, 400, "documents", /documents\[0\]/],
      [{ ...DMXAPI_EXAMPLE, top_n: 0 }, 400, "top_n", /^top_n: /],
      [{ ...DMXAPI_EXAMPLE, top_n: "3" }, 400, "top_n", /^top_n: /],
      [{ ...DMXAPI_EXAMPLE, overlap_tokens: 81 }, 400, "overlap_tokens", /81/],
      [{ ...DMXAPI_EXAMPLE, max_chunks_per_doc: 0.5 }, 400, "max_chunks_per_doc", /0\.5/],
      [{ ...DMXAPI_EXAMPLE, return_documents: 1 }, 400, "return_documents", /true or false/],
      [{ ...DMXAPI_EXAMPLE, documents: ["x".repeat(300_000)] }, 413, "", /262144/],
    ];
    for (const [body, status, param, message] of bad) {
      const { status: found, body: { error } } = await post(body);
      assert.equal(found, status, `${JSON.stringify(body).slice(0, 80)}: ${JSON.stringify(error)}`);
      assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
      assert.equal(error.param, param);
      assert.match(error.message, message);
    }
    const get = await ask("/api/rerank");
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
    assert.equal((await post(DMXAPI_EXAMPLE)).status, 200);
  });

  test("the page and its model are static assets of the same Worker", async () => {
    for (const [path, text] of [["/", "<title>rerank-wasm"], ["/main.js", "LocalReranker"], ["/pkg/local.js", "LocalReranker"]]) {
      const reply = await ask(path);
      assert.equal(reply.status, 200, path);
      assert.ok(reply.text.includes(text), path);
    }
    assert.equal((await ask("/none")).status, 404);
    // Cut into parts that are small enough for static assets, joined by the Worker.
    const whole = readFileSync(join(installed.model, "model_int8.onnx"));
    const parts = readdirSync(join(assets, "pkg-model")).filter((name) => name.startsWith("model_int8.onnx"));
    const joined = await edge.dispatchFetch("http://edge/pkg-model/model_int8.onnx");
    assert.ok(whole.equals(Buffer.from(await joined.arrayBuffer())), "the model's bytes");
    for (const part of parts) assert.ok(statSync(join(assets, "pkg-model", part)).size <= 25 * 2 ** 20, part);
  });

  const inIsolate = async (/** @type {string} */ path, /** @type {Record<string, string>} */ query) => {
    const reply = await isolate.dispatchFetch(`http://isolate/${path}?${new URLSearchParams(query)}`);
    const { error, note } = /** @type {any} */ (await reply.json());
    if (error) throw new Error(error);
    return note;
  };
  for (const { name, not = [] } of cases) {
    test(`workerd: ${name}`, { skip: not.includes("workerd") }, async (t) => {
      const note = await inIsolate("local", { name, base: fixtures.url });
      if (note) t.diagnostic(note);
    });
  }
  for (const { name } of [...remoteCases, ...remoteAuth, ...remoteProxy]) test(`workerd, remote: ${name}`, () => inIsolate("remote", { name, base: contract.baseUrl }));
}

/** Heap and array buffers of the edge Worker's isolate, as its inspector tells them. @param {URL} inspector */
async function bytesHeldByJs(inspector) {
  const targets = /** @type {any[]} */ (await (await fetch(new URL("/json", inspector.href.replace(/^ws/, "http")))).json());
  const { webSocketDebuggerUrl } = targets.find(({ id }) => id.startsWith("core:user"));
  const socket = new WebSocket(webSocketDebuggerUrl);
  await new Promise((done, fail) => Object.assign(socket, { onopen: done, onerror: fail }));
  const reply = new Promise((done) => Object.assign(socket, { onmessage: (/** @type {MessageEvent} */ { data }) => done(JSON.parse(data).result) }));
  socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await reply;
  socket.close();
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}
