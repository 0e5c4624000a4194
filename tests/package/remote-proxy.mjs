// @ts-check
// A page's RemoteReranker before createProxy before the contract server: the same rankings and the same errors as without the
// proxy, and nobody else gets through. Wherever fetch is, real workerd included.

import { errorOf, ok, reachable, same } from "./assert.mjs";
import { ACCESS_KEYS, ACCESS_TOKEN, APP_KEYS, BEARER_KEY, DMXAPI_KEY, DOCUMENTS, plan, seen } from "./remote-fixtures.mjs";

/** @typedef {{ RemoteReranker: any, createProxy: any, isRerankError: (error: unknown) => boolean, baseUrl: string }} Context */
/** @type {{ name: string, run: (context: Context) => Promise<void> }[]} */
export const remoteProxy = [];
const add = (/** @type {string} */ name, /** @type {(context: Context) => Promise<void>} */ run) => remoteProxy.push({ name, run });

const HERE = "https://shop.example";
const REQUEST = { query: "q", documents: ["a", "b"] };
const yes = () => true;
/** @param {Context} context @param {object} [options] */
const dmxapi = ({ createProxy, baseUrl }, options = {}) => createProxy({ provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl, authorize: yes, ...options });
/** What a page's fetch does: address and init become a Request. @param {(request: Request) => Promise<Response>} proxy */
const through = (proxy) => async (/** @type {string} */ url, /** @type {RequestInit} */ init) => proxy(new Request(url, init));
/** @param {Context} context @param {(request: Request) => Promise<Response>} proxy @param {object} [options] */
const page = ({ RemoteReranker }, proxy, options = {}) => new RemoteReranker({ provider: "dmxapi", baseUrl: `${HERE}/api/rerank`, fetch: through(proxy), ...options });
/** @param {(request: Request) => Promise<Response>} proxy @param {any} body @param {object} [headers] @param {string} [method] */
const ask = (proxy, body, headers = {}, method = "POST") =>
  proxy(new Request(`${HERE}/api/rerank`, { method, headers: { "content-type": "application/json", ...headers }, body: typeof body === "object" && body !== null && !(body instanceof Uint8Array) ? JSON.stringify(body) : body }));

add("a page ranks through the proxy as it would without, and holds no key", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  const { results, usage, provider } = await page(context, dmxapi(context, { baseUrl })).rerank({ query: "如何预防感冒", documents: DOCUMENTS, topN: 2, returnDocuments: true, maxChunksPerDoc: 3, overlapTokens: 0, user: "u" });
  same(results.map(({ index, relevanceScore, document }) => [index, relevanceScore, document]), [[0, 0.97001, DOCUMENTS[0]], [1, 0.14573, DOCUMENTS[1]]]);
  same([usage.totalTokens, provider], [0, "dmxapi"]);
  const [{ headers, body }] = await seen(context, id);
  same([headers.authorization, JSON.parse(body).max_chunks_per_doc, JSON.parse(body).overlap_tokens], [`Bearer ${DMXAPI_KEY}`, 3, 0]);
});

add("every way into Qianfan works behind it, from a page that names the provider and no auth", async (context) => {
  const kept = new Map();
  const tokenStore = { get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) };
  const auths = [
    { type: "access-token", accessToken: ACCESS_TOKEN }, { type: "oauth", ...APP_KEYS, tokenUrl: `${context.baseUrl}/oauth/2.0/token`, tokenStore },
    { type: "iam", ...ACCESS_KEYS }, { type: "bearer", apiKey: BEARER_KEY },
  ];
  for (const auth of auths) {
    const proxy = context.createProxy({ provider: "qianfan", auth, baseUrl: context.baseUrl, authorize: yes });
    const response = await page(context, proxy, { provider: "qianfan" }).rerank({ query: "上海天气", documents: ["北京美食", "上海气候"], user: "u" });
    same([response.results.map(({ relevanceScore }) => relevanceScore), response.id, response.provider], [[0.70597, 0.42414], "as-jbmhbt7tnb", "qianfan"], auth.type);
  }
  same(kept.size, 1, "tokens kept");
  const many = await page(context, context.createProxy({ provider: "qianfan", auth: auths[0], baseUrl: context.baseUrl, authorize: yes })).rerank({ query: "q", documents: Array.from({ length: 70 }, (_, n) => `${n}`) });
  same(many.results.length, 70, "more documents than the service takes");
  const windows = context.createProxy({ provider: "qianfan", auth: auths[0], baseUrl: context.baseUrl, authorize: yes, longDocuments: "windows" });
  const { response } = await page(context, windows).rerank({ query: "q", documents: ["测".repeat(5000)] });
  ok(response.body.results[0].window.end <= 5000 && Array.isArray(response.body.warnings), "the best window and what the proxy warned of");
});

add("a failure of the service's is the same error in the page", async (context) => {
  const names = ["invalid_token", "exhausted", "saturated", "wait_long", "wait_ms", "limit_error", "unknown_model", "bad_gateway", "html", "index_twice", "redirect", "reset"];
  const shown = ({ code, retryable, providerCode, requestId, retryAfterMs, index }) => [code, retryable, providerCode, requestId, retryAfterMs, index];
  await Promise.all(names.map(async (name) => {
    const direct = await errorOf(new context.RemoteReranker({ provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl: plan(context, name).baseUrl, maxRetries: 0 }).rerank(REQUEST));
    const { baseUrl, id } = plan(context, name);
    const relayed = await errorOf(page(context, dmxapi(context, { baseUrl }), { maxRetries: 0 }).rerank(REQUEST));
    ok(context.isRerankError(relayed), `${name}: a RerankError`);
    same(shown(relayed), shown(direct), name);
    same((await seen(context, id)).length, 1, "requests: the proxy leaves retries to the page");
  }));
  const told = /** @type {string[]} */ ([]);
  const onError = (/** @type {any} */ error) => void told.push(error.code);
  const qianfan = (/** @type {string} */ name) => context.createProxy({ onError, provider: "qianfan", auth: { type: "access-token", accessToken: ACCESS_TOKEN }, baseUrl: plan(context, name).baseUrl, authorize: yes });
  const daily = await errorOf(page(context, qianfan("daily"), { provider: "qianfan" }).rerank(REQUEST));
  same([daily.code, daily.providerCode, daily.status, daily.requestId], ["quota_exhausted", 17, 402, "as-contract-error"]);
  const long = await errorOf(page(context, qianfan("ok")).rerank({ query: "q", documents: ["a", "测".repeat(4097)] }));
  same([long.code, long.index, long.status], ["too_long", 1, 413]);
  same(told, ["quota_exhausted"], "what is no mistake of the page's");
});

add("a page tries again what may pass, and waits as long as the service says", async (context) => {
  const attempts = [];
  const proxy = dmxapi(context, { baseUrl: plan(context, "wait_ms,bad_gateway,ok").baseUrl });
  same((await page(context, proxy, { onAttempt: ({ status }) => attempts.push(status) }).rerank(REQUEST)).results.length, 2);
  same(attempts, [429, 502, 200]);
});

add("without authorize, or where it says anything but true, nobody gets through", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  for (const authorize of [undefined, () => false, () => undefined, () => "yes", async () => false, () => 1]) {
    const reply = await ask(dmxapi(context, { baseUrl, authorize }), { query: "q", documents: ["a"] });
    same([reply.status, (await reply.json()).error.code], [403, "forbidden"]);
  }
  const error = await errorOf(page(context, dmxapi(context, { baseUrl, authorize: undefined })).rerank(REQUEST));
  same([error.code, error.status, error.retryable], ["forbidden", 403, false]);
  const told = /** @type {any[]} */ ([]);
  const onError = (/** @type {any} */ error) => told.push(error.cause?.message);
  const broken = await ask(dmxapi(context, { baseUrl, onError, authorize: async () => { throw new Error("MARKED"); } }), {});
  ok(broken.status === 500 && !(await broken.text()).includes("MARKED"), "a fault of authorize stays here");
  same(told, ["MARKED"], "and is told of here");
  let got = /** @type {any} */ (undefined);
  await ask(dmxapi(context, { authorize: (request) => { got = request; return request.headers.get("x-session") === "s"; } }), REQUEST, { "x-session": "s" });
  same([got.url, got.body ?? null], [`${HERE}/api/rerank`, null]);
  same((await seen(context, id)).length, 0, "requests");
});

add("what is wrong with the proxy's own secrets is told to who runs it, and no page is blamed for it", async (context) => {
  const secrets = /** @type {any[]} */ ([[() => undefined, undefined], [async () => { throw new Error("no vault"); }, "no vault"]]);
  for (const [apiKey, cause] of secrets) {
    const told = /** @type {any[]} */ ([]);
    const tellAndThrow = (/** @type {any} */ error, /** @type {Request} */ request) => { told.push([error.code, error.message.split(":")[0], error.cause?.message, request.method]); throw new Error("ignored"); };
    for (const onError of [tellAndThrow, async (/** @type {any} */ error, /** @type {Request} */ request) => tellAndThrow(error, request)]) {
      const proxy = dmxapi(context, { apiKey, onError });
      const reply = await ask(proxy, REQUEST);
      const { error } = await reply.json();
      same([reply.status, error.code, error.retryable], [500, "internal", false]);
      ok(!error.message.includes("apiKey"), error.message);
      // A page's own mistake is the page's alone.
      same((await ask(proxy, "{")).status, 400);
      same(told.splice(0), [["invalid_request", "apiKey", cause, "POST"]], "told");
    }
  }
});

add("preflights and answers name the origins that may ask, and other sites get nothing", async (context) => {
  const asks = { origin: "https://pages.example", "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-session" };
  const proxy = dmxapi(context, { allowOrigins: ["https://pages.example"] });
  const preflight = await ask(proxy, undefined, asks, "OPTIONS");
  const shown = (/** @type {Response} */ reply, /** @type {string[]} */ ...names) => names.map((name) => reply.headers.get(`access-control-${name}`));
  same([preflight.status, ...shown(preflight, "allow-origin", "allow-methods", "allow-headers"), preflight.headers.get("vary")], [204, "https://pages.example", "POST", "content-type,x-session", "Origin"]);
  for (const [used, status] of /** @type {any[]} */ ([[proxy, 200], [dmxapi(context, { authorize: undefined, allowOrigins: "*" }), 403]])) {
    const reply = await ask(used, REQUEST, { origin: "https://pages.example" });
    same([reply.status, ...shown(reply, "allow-origin")], [status, "https://pages.example"], "errors too can be read");
    for (const name of ["retry-after", "retry-after-ms", "x-ratelimit-remaining-requests", "x-ratelimit-reset-tokens", "x-request-id", "date"]) {
      ok(shown(reply, "expose-headers")[0]?.split(", ").includes(name), `${name} is exposed`);
    }
  }
  const { baseUrl, id } = plan(context, "ok");
  for (const method of ["POST", "OPTIONS"]) {
    const reply = await ask(dmxapi(context, { baseUrl }), method === "POST" ? REQUEST : undefined, { ...asks, origin: "https://evil.example" }, method);
    same([reply.status, ...shown(reply, "allow-origin")], [403, null], method);
  }
  same((await seen(context, id)).length, 0, "requests");
  same((await ask(dmxapi(context), REQUEST, { origin: HERE })).status, 200, "its own pages");
});

add("only the documented fields reach the service, wherever they say to go", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  const proxy = dmxapi(context, { baseUrl, model: "bge-reranker-v2-m3-free" });
  const body = { ...REQUEST, model: "dear", baseUrl: "http://127.0.0.1:9", apiKey: "k", headers: { "x-evil": "1" }, top_n: 1, user: null, fetch: 1, maxRetries: 9, __proto__: { top_n: 5 } };
  const reply = await proxy(new Request(`${HERE}/http://127.0.0.1:9/?url=http://127.0.0.1:9`, { method: "POST", headers: { "content-type": "application/json; charset=utf-8", "x-evil": "2", authorization: "Bearer theirs" }, body: JSON.stringify(body) }));
  same(reply.status, 200);
  const [sent] = await seen(context, id);
  same(JSON.parse(sent.body), { model: "bge-reranker-v2-m3-free", query: "q", documents: ["a", "b"], top_n: 1, return_documents: false });
  same([sent.headers["x-evil"], sent.headers.authorization], [undefined, `Bearer ${DMXAPI_KEY}`]);
});

add("bad requests are told by status and code, and cost nothing", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  const proxy = dmxapi(context, { baseUrl, maxBodyBytes: 1000, maxDocuments: 2 });
  const rows = /** @type {any[]} */ ([
    ["{", 400, "invalid_request", "body: expected JSON"], ["", 400, "invalid_request", "body: expected JSON"], [new Uint8Array([34, 255, 34]), 400, "invalid_request", "body: expected JSON in UTF-8"],
    [[], 400, "invalid_request", "body: expected a JSON object"], [{}, 400, "invalid_request", "documents: expected"], [{ ...REQUEST, query: " " }, 400, "invalid_request", "query: expected"],
    [{ ...REQUEST, documents: ["a", ""] }, 400, "invalid_request", "documents[1]: expected"], [{ ...REQUEST, top_n: 0 }, 400, "invalid_request", "topN: expected"],
    [{ ...REQUEST, documents: ["a", "b", "c"] }, 413, "too_long", "documents: expected at most 2, found 3"],
    [{ ...REQUEST, query: "x".repeat(1000) }, 413, "too_long", "expected a body of at most 1000 bytes"],
  ]);
  for (const [body, status, code, words] of rows) {
    const reply = await ask(proxy, body);
    const { error } = await reply.json();
    same([reply.status, error.code, error.type, error.retryable], [status, code, "rerank_error", false], error.message);
    ok(error.message.startsWith(words), `expected "${words}" in "${error.message}"`);
  }
  const streamed = new ReadableStream({ start(c) { for (let n = 0; n < 11; n += 1) c.enqueue(new Uint8Array(100).fill(32)); c.close(); } });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: streamed, duplex: "half" };
  same((await proxy(new Request(HERE, /** @type {any} */ (init)))).status, 413, "a body that tells no length");
  same((await ask(proxy, JSON.stringify(REQUEST), { "content-type": "text/plain" })).status, 415);
  const got = await ask(proxy, undefined, {}, "GET");
  same([got.status, got.headers.get("allow")], [405, "POST, OPTIONS"]);
  same((await seen(context, id)).length, 0, "requests");
  for (const [options, name] of /** @type {any[]} */ ([[{ authorize: "yes" }, "authorize"], [{ allowOrigins: HERE }, "allowOrigins"], [{ maxBodyBytes: 0 }, "maxBodyBytes"], [{ maxDocuments: 1.5 }, "maxDocuments"], [{ onError: 1 }, "onError"], [{ provider: "none" }, "provider"]])) {
    same((await errorOf(() => dmxapi(context, options))).message.split(":")[0], name);
  }
});

add("no answer repeats a key, and a request that is cut off is cut off at the service", async (context) => {
  for (const name of ["parrot", "invalid_token", "html"]) {
    const reply = await ask(dmxapi(context, { baseUrl: plan(context, name).baseUrl }), { query: "MARKED-QUERY", documents: ["MARKED-DOCUMENT"] });
    const shown = [await reply.text(), ...[...reply.headers].flat()].join("\n");
    for (const secret of [DMXAPI_KEY, "MARKED"]) ok(!shown.includes(secret), `${name}: ${secret} in ${shown}`);
  }
  const error = await errorOf(page(context, dmxapi(context, { baseUrl: plan(context, "parrot").baseUrl })).rerank({ query: "MARKED-QUERY", documents: ["MARKED-DOCUMENT"] }));
  ok(error.code === "invalid_request" && !reachable(error).includes("MARKED"), error.message);
  const controller = new AbortController();
  const pending = dmxapi(context, { baseUrl: plan(context, "hang").baseUrl })(new Request(HERE, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(REQUEST), signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  same((await pending).status, 499);
});
