// @ts-check
// What RemoteReranker does when things go wrong: documented errors, odd replies, odd fetches, aborts, time limits, bad
// input, and that no error repeats what was sent. Wherever fetch is.

import { errorOf, ok, reachable, same } from "./assert.mjs";
import { ACCESS_TOKEN, BEARER_KEY, DMXAPI_KEY, plan, seen } from "./remote-fixtures.mjs";

/** @typedef {{ RemoteReranker: any, isRerankError: (error: unknown) => boolean, baseUrl: string }} Context */
/** @type {{ name: string, run: (context: Context) => Promise<void> }[]} */
export const remoteFaults = [];
const add = (/** @type {string} */ name, /** @type {(context: Context) => Promise<void>} */ run) => remoteFaults.push({ name, run });

const REQUEST = { query: "q", documents: ["a"] };
const dmxapi = ({ RemoteReranker, baseUrl }, options = {}) => new RemoteReranker({ provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl, ...options });
const qianfan = ({ RemoteReranker, baseUrl }, options = {}) =>
  new RemoteReranker({ provider: "qianfan", auth: { type: "access-token", accessToken: ACCESS_TOKEN }, baseUrl, ...options });
const reply = (body, init) => new Response(typeof body === "string" ? body : JSON.stringify(body), init);
const GOOD = { results: [{ index: 0, relevance_score: 0.5 }] };

// Failure → service, code, fields, requests made with one retry.
/** @type {any[]} */
const DOCUMENTED = [
  ["invalid_token", dmxapi, "unauthorized", { status: 401, requestId: "20251117fail", retryable: false }, 1],
  ["exhausted", dmxapi, "quota_exhausted", { status: 401, requestId: "20251117quota", retryable: false }, 1],
  ["limit_error", dmxapi, "rate_limited", { status: 500, providerCode: "rate_limit", retryable: true }, 2],
  ["saturated", dmxapi, "rate_limited", { status: 429, providerCode: "RateLimitReached", retryable: true }, 2],
  ["wait_long", dmxapi, "rate_limited", { status: 429, retryAfterMs: 3_600_000, retryable: true }, 1],
  ["wait_ms", dmxapi, "rate_limited", { status: 429, retryAfterMs: 30, retryable: true }, 2],
  ["unknown_model", dmxapi, "provider_unavailable", { status: 503, retryable: true }, 2],
  ["bad_gateway", dmxapi, "provider_unavailable", { status: 502, retryable: true }, 2],
  ["qps", qianfan, "rate_limited", { status: 200, providerCode: 18, requestId: "as-contract-error", retryable: true }, 2],
  ["expired", qianfan, "unauthorized", { status: 200, providerCode: 111, retryable: false }, 1],
  ["internal", qianfan, "provider_unavailable", { status: 200, providerCode: 336000, retryable: true }, 2],
  ["daily", qianfan, "quota_exhausted", { status: 200, providerCode: 17, retryable: false }, 1],
  ["limiter", qianfan, "rate_limited", { status: 200, providerCode: 336501, retryable: true }, 2],
  ["overdue", qianfan, "quota_exhausted", { status: 403, providerCode: "account_overdue", retryable: false }, 1],
];
add("documented failures mean what they mean, and those that may pass are tried again", async (context) => {
  // All at once: waits for rate limits are long.
  await Promise.all(DOCUMENTED.map(async ([name, make, code, fields, requests]) => {
    const { baseUrl, id } = plan(context, `${name},${name}`);
    const error = await errorOf(make(context, { baseUrl, maxRetries: 1 }).rerank(REQUEST));
    ok(context.isRerankError(error) && error instanceof Error, `${name}: a RerankError`);
    same([error.code, error.name], [code, "RerankError"], `${name}: code`);
    for (const [field, value] of Object.entries(fields)) same(error[field], value, `${name}: ${field}`);
    same((await seen(context, id)).length, requests, `${name}: requests`);
  }));
});

// Reply → code and a piece of the sentence. None is tried again.
const ODD_REPLIES = [
  ["html", "bad_response", "expected JSON, found 18 bytes"], ["truncated", "bad_response", "expected JSON, found 23 bytes"],
  ["invalid_utf8", "bad_response", "expected JSON, found 4 bytes"], ["deep", "bad_response", "expected JSON, found 200000 bytes"],
  ["empty", "bad_response", "expected JSON, found 0 bytes"], ["redirect", "bad_response", "a redirect came and was not followed"],
  ["index_out_of_range", "bad_response", "results[0].index: expected less than 1, found 99"],
  ["index_twice", "bad_response", "results[1].index: expected each document once"],
  ["no_score", "bad_response", "results[0].relevance_score: expected a finite number"], ["no_results", "bad_response", "results: expected an array"],
];
for (const [name, code, sentence] of ODD_REPLIES) {
  add(`a reply that is ${name} is ${code}`, async (context) => {
    const { baseUrl, id } = plan(context, name);
    const error = await errorOf(dmxapi(context, { baseUrl }).rerank(REQUEST));
    same(error.code, code, error.message);
    ok(error.message.includes(sentence), `expected "${sentence}" in "${error.message}"`);
    if (name !== "redirect") same(error.status, 200, "status");
    same((await seen(context, id)).length, 1, "requests");
  });
}

add("reads tolerantly what does not matter", async (context) => {
  const rank = (/** @type {string} */ name) => dmxapi(context, { baseUrl: plan(context, name).baseUrl }).rerank(REQUEST);
  same((await rank("no_usage")).usage, undefined);
  const { warnings } = await rank("odd_echo");
  same(warnings.map(({ code, index }) => [code, index]), [["odd_echo", 0]]);
  const proto = await rank("proto");
  ok(Object.hasOwn(proto.response.body, "__proto__") && Object.hasOwn(proto.usage.details, "__proto__"), "keys survive");
  same(/** @type {any} */ ({}).x, undefined);
});

add("tries again after a fault, tells of each attempt, and succeeds", async (context) => {
  const { baseUrl } = plan(context, "wait_ms,bad_gateway,ok");
  const attempts = [];
  const response = await dmxapi(context, { baseUrl, onAttempt: (a) => { attempts.push(a); throw new Error("ignored"); } }).rerank(REQUEST);
  same(response.results.length, 1);
  same(attempts.map(({ attempt, status, decision }) => [attempt, status, decision]), [[1, 429, "retry"], [2, 502, "retry"], [3, 200, "done"]]);
  ok(attempts.every(({ ms }) => ms >= 0), "ms");
});

add("a connection that is reset is network, and tried again", async (context) => {
  const { baseUrl } = plan(context, "reset,ok");
  same((await dmxapi(context, { baseUrl }).rerank(REQUEST)).results.length, 1);
  const error = await errorOf(dmxapi(context, { baseUrl: "http://127.0.0.1:9/", maxRetries: 0 }).rerank(REQUEST));
  same([error.code, error.retryable], ["network", true]);
});

add("an attempt beyond timeoutMs is timeout, tried again with fresh time", async (context) => {
  for (const kind of ["hang", "half"]) {
    const { baseUrl, id } = plan(context, `${kind},ok`);
    same((await dmxapi(context, { baseUrl, timeoutMs: 1000 }).rerank(REQUEST)).results.length, 1, kind);
    same((await seen(context, id)).length, 2);
  }
  const error = await errorOf(dmxapi(context, { baseUrl: plan(context, "hang").baseUrl }).rerank({ ...REQUEST, timeoutMs: 50, maxRetries: 0 }));
  same([error.code, error.name, error.retryable, error.message], ["timeout", "RerankError", true, "no complete answer within timeoutMs = 50 ms"]);
});

add("deadlineMs is over the whole call, waits included", async (context) => {
  const hung = await errorOf(dmxapi(context, { baseUrl: plan(context, "hang").baseUrl, deadlineMs: 100 }).rerank(REQUEST));
  same([hung.code, hung.message], ["timeout", "no ranking within deadlineMs = 100 ms"]);
  // The first wait is 375 ms at least.
  const failed = await errorOf(dmxapi(context, { fetch: async () => reply("", { status: 502 }), deadlineMs: 300 }).rerank(REQUEST));
  same(failed.code, "provider_unavailable", "a wait beyond the deadline is not waited");
});

for (const reason of [undefined, "x", null, 0, new Error("why")]) {
  add(`abort(${reason}) ends the request, the wait and the body, and is aborted`, async (context) => {
    for (const kind of ["hang", "half", "wait_some", "now"]) {
      const controller = new AbortController();
      const pending = errorOf(dmxapi(context, { baseUrl: plan(context, kind).baseUrl }).rerank({ ...REQUEST, signal: controller.signal }));
      const cut = () => (reason === undefined ? controller.abort() : controller.abort(reason));
      if (kind === "now") cut();
      else setTimeout(cut, 60);
      const error = await pending;
      same([error.code, error.name, error.cause === controller.signal.reason], ["aborted", "AbortError", true], kind);
    }
    const error = await errorOf(dmxapi(context).rerank({ ...REQUEST, signal: AbortSignal.abort(reason) }));
    same(error.code, "aborted");
  });
}

// What a caller's fetch may do, and what comes of it.
const refuse = (value) => async () => { throw value; };
const FETCHES = [
  ["rejects with a string", refuse("x"), "network"], ["rejects with null", refuse(null), "network"], ["rejects with undefined", refuse(undefined), "network"],
  ["rejects with a DOMException", refuse(new DOMException("m", "AbortError")), "aborted"], ["rejects with an object", refuse({ get name() { throw 1; } }), "network"],
  ["throws at once", () => { throw "x"; }, "network"], ["gives undefined", async () => undefined, "bad_response"], ["gives a number", () => 7, "bad_response"],
  ["gives an object that is no Response", async () => ({ ok: true }), "bad_response"], ["gives a status that is none", async () => ({ status: 99, text: async () => "" }), "bad_response"],
  ["gives a Response error", async () => Response.error(), "bad_response"], ["gives a used body", async () => { const r = reply(GOOD); await r.text(); return r; }, "bad_response"],
  ["gives throwing getters", async () => ({ get status() { throw 1; } }), "bad_response"],
  ["gives text() that rejects", async () => ({ status: 200, text: refuse("x") }), "bad_response"], ["gives no body at all", async () => ({ status: 200 }), "bad_response"],
  ["gives a body that breaks with a string", async () => new Response(new ReadableStream({ start: (c) => c.error("x") })), "network"],
  ["gives chunks that are no bytes", async () => ({ status: 200, body: new ReadableStream({ start: (c) => { c.enqueue("no"); c.close(); } }) }), "bad_response"],
  ["gives a cyclic json()", async () => { const o = /** @type {any} */ ({}); o.o = o; return { status: 200, json: async () => o }; }, "bad_response"],
  ["gives a body larger than 32 MiB", async () => reply("[]", { headers: { "content-length": "99999999" } }), "bad_response"],
];
for (const [name, fetch, code] of /** @type {any[]} */ (FETCHES)) {
  add(`a fetch that ${name} is ${code}`, async (context) => {
    const error = await errorOf(dmxapi(context, { fetch, maxRetries: 0 }).rerank(REQUEST));
    ok(context.isRerankError(error), String(error));
    same(error.code, code, error.message);
  });
}

add("mock Responses of all kinds are read", async (context) => {
  const text = JSON.stringify(GOOD);
  const mocks = [
    { status: 200, headers: { "X-Request-Id": "r" }, text: async () => text }, { status: 200, headers: new Map([["X-Request-Id", "r"]]), json: async () => GOOD },
    { status: 200, headers: new Headers({ "x-request-id": "r" }), json: () => GOOD }, reply(`\ufeff${text}`, { headers: { "x-request-id": "r" } }),
  ];
  for (const mock of mocks) {
    const response = await dmxapi(context, { fetch: async () => mock }).rerank(REQUEST);
    same([response.results[0].relevanceScore, response.response.headers["x-request-id"], response.response.body], [0.5, "r", GOOD]);
  }
  const bare = await dmxapi(context, { fetch: async () => ({ status: 200, json: async () => GOOD }) }).rerank(REQUEST);
  same([bare.results.length, bare.response.headers], [1, {}]);
});

add("a Proxy of a Response settles one way or the other", async (context) => {
  // Whether its getters work on a Proxy is the runtime's choice.
  const pending = dmxapi(context, { fetch: async () => new Proxy(reply(GOOD), {}), maxRetries: 0 }).rerank(REQUEST);
  const settled = await pending.then((response) => response.results.length, (error) => error.code);
  ok(settled === 1 || settled === "bad_response", String(settled));
});

add("a fault past Rust ends every call under way as internal, and the next call works", async (context) => {
  // What Rust asks of the host throws through it, once: no input gets as far.
  const { now } = Date;
  const breakClock = async () => {
    Date.now = () => {
      Date.now = now;
      throw "x";
    };
    return reply(GOOD);
  };
  const answers = [() => new Promise(() => {}), breakClock, async () => reply(GOOD)];
  const reranker = dmxapi(context, { fetch: () => /** @type {any} */ (answers.shift())(), maxRetries: 0 });
  for (const error of await Promise.all([errorOf(reranker.rerank(REQUEST)), errorOf(reranker.rerank(REQUEST))])) {
    same([error.code, context.isRerankError(error)], ["internal", true], error.message);
  }
  same((await reranker.rerank(REQUEST)).results.length, 1);
});

add("an onProgress that throws ends its call", async (context) => {
  const error = await errorOf(dmxapi(context).rerank({ ...REQUEST, onProgress: () => { throw new Error("mine"); } }));
  same([error.code, error.cause?.message], ["invalid_request", "mine"]);
});

add("a caller's fetch gets an address and a plain init", async (context) => {
  /** @type {any[]} */
  let got = [];
  const fetch = function (...args) { got = [this, ...args]; return reply(GOOD); };
  await dmxapi(context, { fetch }).rerank(REQUEST);
  const [self, url, init] = got;
  ok(self === globalThis && typeof url === "string" && Object.getPrototypeOf(init) === Object.prototype, "plain");
  same([init.method, init.redirect], ["POST", "manual"]);
  same(init.headers, { "content-type": "application/json", authorization: `Bearer ${DMXAPI_KEY}` }, "headers");
  ok(init.signal instanceof AbortSignal && JSON.parse(init.body).query === "q", "signal and body");
});

add("dispose ends calls under way and every later one", async (context) => {
  const reranker = dmxapi(context, { baseUrl: plan(context, "hang").baseUrl });
  const pending = errorOf(reranker.rerank(REQUEST));
  setTimeout(() => reranker.dispose(), 30);
  same((await pending).code, "disposed");
  reranker.dispose();
  same((await errorOf(reranker.rerank(REQUEST))).code, "disposed");
  if (Symbol.dispose) reranker[Symbol.dispose]();
});

add("bad input names its field", async (context) => {
  const bad = [
    [{ query: " " }, "query"], [{ query: 5 }, "query"], [{ documents: "ab" }, "documents"], [{ documents: ["a", ""] }, "documents[1]", 1], [{ documents: ["a", 5] }, "documents[1]", 1],
    [{ documents: [{ txt: "a" }] }, "documents[0]", 0], [{ topN: 0 }, "topN"], [{ topN: 1.5 }, "topN"], [{ topN: "3" }, "topN"], [{ overlapTokens: 81 }, "overlapTokens"],
    [{ maxChunksPerDoc: NaN }, "maxChunksPerDoc"], [{ returnDocuments: 1 }, "returnDocuments"], [{ user: 5 }, "user"], [{ timeoutMs: 0 }, "timeoutMs"], [{ maxRetries: -1 }, "maxRetries"],
    [{ headers: { a: 5 } }, "headers"], [{ headers: { "a b": "1" } }, "headers"], [{ headers: { a: "密" } }, "headers"], [{ signal: {} }, "signal"],
  ];
  const reranker = dmxapi(context);
  for (const [fields, field, index] of /** @type {any[]} */ (bad)) {
    const error = await errorOf(reranker.rerank({ ...REQUEST, ...fields }));
    same([error.code, error.message.split(":")[0], error.index], ["invalid_request", field, index], error.message);
  }
  const getter = await errorOf(reranker.rerank({ ...REQUEST, get query() { throw new RangeError("mine"); } }));
  ok(getter instanceof RangeError, "a getter that throws, throws there");
});

add("bad options throw at once and name the option", async ({ RemoteReranker }) => {
  const token = { type: "access-token", accessToken: "t" };
  const bad = [
    [undefined, "options"], [{ provider: "cohere" }, "provider"], [{ provider: "dmxapi" }, "apiKey"], [{ apiKey: 5 }, "apiKey"], [{ apiKey: " " }, "apiKey"], [{ baseUrl: "not a url:" }, "baseUrl"],
    [{ baseUrl: "ftp://a" }, "baseUrl"], [{ baseUrl: "https://u:p@a" }, "baseUrl"], [{ timeoutMs: NaN }, "timeoutMs"], [{ deadlineMs: 0 }, "deadlineMs"], [{ maxRetries: 0.5 }, "maxRetries"],
    [{ maxConcurrency: 0 }, "maxConcurrency"], [{ fetch: 5 }, "fetch"], [{ authScheme: "basic" }, "authScheme"], [{ headers: 5 }, "headers"], [{ model: "" }, "model"], [{ strict: 1 }, "strict"],
    [{ provider: "qianfan" }, "auth"], [{ provider: "qianfan", auth: { type: "bearer" } }, "auth.apiKey"], [{ provider: "qianfan", auth: { ...token, accessToken: "" } }, "auth.accessToken"],
  ];
  for (const [fields, option] of /** @type {any[]} */ (bad)) {
    const key = fields?.provider === "dmxapi" ? {} : { apiKey: "k" };
    const error = await errorOf(() => new RemoteReranker(fields && { provider: "dmxapi", ...key, ...fields }));
    same([error.code, error.message.split(":")[0]], ["invalid_request", option], error.message);
  }
  const url = "https://a.example/rerank";
  const qianfan = [
    [{ type: "basic" }, "auth"], [{ type: "toString" }, "auth"], [{ type: "oauth", secretKey: "s" }, "auth.apiKey"], [{ type: "oauth", apiKey: "k" }, "auth.secretKey"],
    [{ type: "oauth", apiKey: "k", secretKey: "s", tokenUrl: "ftp://a" }, "auth.tokenUrl"], [{ type: "oauth", apiKey: "k", secretKey: "s", tokenStore: new Map([]).entries() }, "auth.tokenStore"],
    [{ type: "iam", accessKeyId: "a" }, "auth.secretAccessKey"], [{ type: "iam", accessKeyId: "a", secretAccessKey: "s", sessionToken: 5 }, "auth.sessionToken"],
  ];
  for (const [auth, option] of /** @type {any[]} */ (qianfan)) {
    const error = await errorOf(() => new RemoteReranker({ provider: "qianfan", baseUrl: url, auth }));
    same([error.code, error.message.split(":")[0]], ["invalid_request", option], error.message);
  }
});

add("keys that no header can carry are named and not shown, and functions that fail are told", async (context) => {
  for (const apiKey of ["sk-MARKED\n", "密钥MARKED", "MARKED\0", () => "MARKED\r\nx: y", async () => "密MARKED"]) {
    const error = await errorOf(dmxapi(context, { apiKey }).rerank(REQUEST));
    same([error.code, error.message.split(":")[0]], ["invalid_request", "apiKey"], error.message);
    ok(!reachable(error).includes("MARKED"), "not shown");
  }
  const cause = new Error("vault is down");
  const error = await errorOf(dmxapi(context, { apiKey: () => { throw cause; } }).rerank(REQUEST));
  ok(error.code === "invalid_request" && error.cause === cause, "the caller's own error is the cause");
  same((await errorOf(dmxapi(context, { apiKey: () => 5 }).rerank(REQUEST))).message, "apiKey: expected a string from the function, found number");
});

add("no error repeats key, query or document", async (context) => {
  const query = "MARKED-QUERY 如何预防感冒";
  const documents = ["MARKED-DOCUMENT 预防感冒应勤洗手", "another MARKED-DOCUMENT of ours"];
  const secrets = [DMXAPI_KEY, ACCESS_TOKEN, encodeURIComponent(ACCESS_TOKEN), BEARER_KEY, "MARKED", "预防感冒"];
  const names = [...DOCUMENTED.map(([name]) => name), ...ODD_REPLIES.map(([name]) => name), "parrot", "parrot_v1"];
  const urlTeller = async (url) => { throw Object.assign(new Error(`request to ${url} failed`), { url, config: { url } }); };
  for (const make of [dmxapi, qianfan]) {
    const calls = names.map((name) => make(context, { baseUrl: plan(context, name).baseUrl, maxRetries: 0 }));
    calls.push(make(context, { fetch: urlTeller, maxRetries: 0 }), make(context, { baseUrl: plan(context, "hang").baseUrl, timeoutMs: 50, maxRetries: 0 }));
    for (const call of calls) {
      const error = await call.rerank({ query, documents }).catch((error) => error);
      if (!context.isRerankError(error)) continue;
      const shown = reachable(error);
      for (const secret of secrets) ok(!shown.includes(secret), `${error.code}: ${secret} in ${shown.slice(0, 400)}`);
    }
  }
});

add("debugBodies lets the service's words through, and still no key", async (context) => {
  const call = (/** @type {object} */ options) => errorOf(dmxapi(context, { baseUrl: plan(context, "parrot").baseUrl, maxRetries: 0, ...options }).rerank({ query: "MARKED-QUERY", documents: ["a"] }));
  ok(!(await call({})).message.includes("MARKED"), "withheld by default");
  const echo = async () => reply({ error: { code: "invalid_request", message: "refused: MARKED-QUERY" } }, { status: 400 });
  ok((await call({ debugBodies: true, fetch: echo })).message.includes("it says: refused: MARKED-QUERY"), "quoted");
  ok(!reachable(await call({ debugBodies: true })).includes(DMXAPI_KEY), "a parrot of keys is withheld");
  const custom = { headers: { "x-api-key": "custom-SECRET-0123" }, debugBodies: true };
  const teller = async () => reply({ error: { message: "refused: custom-SECRET-0123" } }, { status: 400 });
  ok(!reachable(await call({ ...custom, fetch: teller })).includes("SECRET"), "headers of the caller's are secrets");
});
