// @ts-check
// What RemoteReranker does with a well-behaved server, wherever fetch is: Node, a page, workerd. Faults: remote-faults.mjs.

import { errorOf, ok, same } from "./assert.mjs";
import { ACCESS_TOKEN, BEARER_KEY, DMXAPI_KEY, DOCUMENTS, plan, seen } from "./remote-fixtures.mjs";

/** @typedef {{ RemoteReranker: any, isRerankError: (error: unknown) => boolean, baseUrl: string }} Context */
/** @type {{ name: string, run: (context: Context) => Promise<void> }[]} */
export const remoteCases = [];
const add = (/** @type {string} */ name, /** @type {(context: Context) => Promise<void>} */ run) => remoteCases.push({ name, run });

const dmxapi = ({ RemoteReranker, baseUrl }, options = {}) => new RemoteReranker({ provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl, ...options });
const qianfan = ({ RemoteReranker, baseUrl }, options = {}) =>
  new RemoteReranker({ provider: "qianfan", auth: { type: "access-token", accessToken: ACCESS_TOKEN }, baseUrl, ...options });
const scores = (response) => response.results.map((result) => result.relevanceScore);

add("ranks DMXAPI's documented example and loses no key", async (context) => {
  const response = await dmxapi(context, { model: "bge-reranker-v2-m3-free" }).rerank({
    query: "如何预防感冒", documents: DOCUMENTS, topN: 3, returnDocuments: true, maxChunksPerDoc: 10, overlapTokens: 80,
  });
  same(response.results, DOCUMENTS.map((document, index) => ({ index, relevanceScore: [0.97001, 0.14573, 0.02797][index], document })), "results");
  same([response.provider, response.model, response.warnings], ["dmxapi", "bge-reranker-v2-m3-free", []]);
  same(response.usage, {
    promptTokens: 0, totalTokens: 0, completionTokens: 0,
    details: {
      prompt_tokens_details: { cached_tokens: 0, text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
      completion_tokens_details: { text_tokens: 0, audio_tokens: 0, reasoning_tokens: 0 },
      input_tokens: 0, output_tokens: 0, input_tokens_details: null,
    },
  }, "usage");
  same(response.response.status, 200);
  same(response.response.headers["content-type"], "application/json");
  same(response.response.body.results[0].document, { text: DOCUMENTS[0] }, "the echo");
});

add("ranks Qianfan's documented example and loses no key", async (context) => {
  const documents = ["上海气候", "北京美食"];
  const response = await qianfan(context).rerank({ query: "上海天气", documents, topN: 2, user: "u-1" });
  same(response.results, [{ index: 0, relevanceScore: 0.70597, document: documents[0] }, { index: 1, relevanceScore: 0.42414, document: documents[1] }]);
  same([response.id, response.created, response.usage], ["as-jbmhbt7tnb", 1712816454, { promptTokens: 12, totalTokens: 12 }]);
  same(response.response.body, {
    id: "as-jbmhbt7tnb", object: "rerank_list", created: 1712816454, usage: { prompt_tokens: 12, total_tokens: 12 },
    results: [{ document: "上海气候", relevance_score: 0.70597, index: 0 }, { document: "北京美食", relevance_score: 0.42414, index: 1 }],
  }, "body");
});

add("ranks with Qianfan's v2 and a bearer key, pasted with its Bearer or not", async (context) => {
  for (const apiKey of [BEARER_KEY, `Bearer ${BEARER_KEY}`, () => BEARER_KEY, async () => BEARER_KEY]) {
    const response = await qianfan(context, { auth: { type: "bearer", apiKey } }).rerank({ query: "上海天气", documents: ["北京美食", "上海气候"], user: "u" });
    same([scores(response), response.model], [[0.70597, 0.42414], "bce-reranker-base"]);
  }
});

add("sends what was set, and of a document only its text", async (context) => {
  const documents = [Object.freeze({ text: DOCUMENTS[1], secretNote: "stays" }), DOCUMENTS[0], new (class Page { get text() { return DOCUMENTS[2]; } })()];
  const { baseUrl, id } = plan(context, "ok");
  const response = await dmxapi(context, { baseUrl, authScheme: "bearer", headers: { "X-Trace": "t1", "X-Gone": "g" } })
    .rerank({ query: "如何预防感冒", documents: Object.freeze(documents), topN: 99, headers: { "x-gone": null } });
  const [{ headers, body }] = await seen(context, id);
  same(JSON.parse(body), {
    model: "bge-reranker-v2-m3-free", query: "如何预防感冒", documents: [DOCUMENTS[1], DOCUMENTS[0], DOCUMENTS[2]], return_documents: false, top_n: 3,
  }, "body");
  same([headers.authorization, headers["x-trace"], headers["x-gone"]], [`Bearer ${DMXAPI_KEY}`, "t1", undefined], "headers");
  ok(response.results.every((result) => result.document === documents[result.index]), "the caller's own objects come back");
  same(scores(response), [0.97001, 0.14573, 0.02797]);
});

add("leaves documents out when told, and ranks none to none without a call", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  const reranker = dmxapi(context, { baseUrl });
  const response = await reranker.rerank({ query: "q", documents: ["a", "b"], returnDocuments: false });
  ok(response.results.every((result) => !("document" in result)), "no document");
  const none = await reranker.rerank({ query: "q", documents: [] });
  same([none.results, none.warnings, none.response], [[], [], undefined]);
  same((await seen(context, id)).length, 1, "requests");
});

add("splits more than 64 documents for Qianfan into requests and merges them exactly", async (context) => {
  const documents = Array.from({ length: 150 }, (_, index) => `document number ${index}`);
  const { baseUrl, id } = plan(context, "ok");
  const progress = [];
  const response = await qianfan(context, { baseUrl }).rerank({ query: "q", documents, topN: 5, onProgress: (p) => progress.push([p.done, p.total]) });
  const whole = await dmxapi(context).rerank({ query: "q", documents, topN: 5 });
  same(response.results, whole.results, "results");
  const sent = (await seen(context, id)).map(({ body }) => JSON.parse(body));
  same(sent.map(({ documents: part, top_n }) => [part.length, top_n]).sort().reverse(), [[64, undefined], [64, undefined], [22, undefined]]);
  // Parts end in any order.
  ok(progress.length === 3 && progress.every(([done, total], at) => total === 150 && done > (progress[at - 1]?.[0] ?? 0)) && progress[2][0] === 150, `progress: ${progress}`);
  same(response.usage, { promptTokens: 36, totalTokens: 36 }, "usage of all parts");
});

add("equal scores keep request order", async (context) => {
  const response = await dmxapi(context).rerank({ query: "q", documents: ["same", "other", "same", "same"] });
  const places = response.results.filter((result) => result.document === "same").map((result) => result.index);
  same(places, [0, 2, 3]);
});

add("warns about options Qianfan has no field for, and refuses them when strict", async (context) => {
  const request = { query: "q", documents: ["a"], maxChunksPerDoc: 2, overlapTokens: 0 };
  const { warnings } = await qianfan(context, { model: "other" }).rerank(request);
  same(warnings.map(({ code, message }) => [code, message.split(":")[0]]), [["unsupported_option", "maxChunksPerDoc"], ["unsupported_option", "overlapTokens"], ["unsupported_option", "model"]]);
  const error = await errorOf(qianfan(context, { strict: true }).rerank(request));
  same([error.code, error.message.split(":")[0]], ["invalid_request", "maxChunksPerDoc"]);
});

add("what a callback ends goes no further", async (context) => {
  const [controller, reports] = [new AbortController(), []];
  let asked = 0;
  const fetch = async (_, { body }) => {
    asked++;
    const results = JSON.parse(body).documents.map((document, index) => ({ index, document, relevance_score: 0.5 }));
    return Response.json({ id: "as-1", object: "rerank_list", created: 1, results, usage: { prompt_tokens: 1, total_tokens: 1 } });
  };
  const onProgress = (report) => {
    reports.push(report);
    controller.abort();
  };
  const documents = Array.from({ length: 200 }, (_, n) => `d${n}`);
  const error = await errorOf(qianfan(context, { fetch, maxConcurrency: 1 }).rerank({ query: "q", documents, signal: controller.signal, onProgress }));
  await new Promise((later) => setTimeout(later, 50));
  same([error.code, asked, reports], ["aborted", 1, [{ done: 64, total: 200 }]]);
});

add("warns about an option DMXAPI has no field for, and refuses it when strict", async (context) => {
  const request = { query: "q", documents: ["a"], user: "u-1" };
  const { warnings } = await dmxapi(context).rerank(request);
  same(warnings.map(({ code, message }) => [code, message.split(":")[0]]), [["unsupported_option", "user"]]);
  const error = await errorOf(dmxapi(context, { strict: true }).rerank(request));
  same([error.code, error.message.split(":")[0]], ["invalid_request", "user"]);
});

add("holds Qianfan's limits before anything is sent", async (context) => {
  const { baseUrl, id } = plan(context, "ok");
  const reranker = qianfan(context, { baseUrl });
  await reranker.rerank({ query: "问".repeat(1600), documents: ["文".repeat(4096), "😀".repeat(4096)] });
  const query = await errorOf(reranker.rerank({ query: "问".repeat(1601), documents: ["a"] }));
  same([query.code, query.message, query.index], ["too_long", "query: expected at most 1600 characters, found 1601; shorten it", undefined]);
  const document = await errorOf(reranker.rerank({ query: "q", documents: ["a", "文".repeat(4097)] }));
  same([document.code, document.message, document.index], ["too_long", "documents[1]: expected at most 4096 characters, found 4097; shorten it", 1]);
  same((await seen(context, id)).length, 1, "requests");
});

add("warns where Qianfan reads a document in part, cuts it, or reads it in windows", async (context) => {
  const long = `${"上海气候。".repeat(600)}北京美食😀`;
  const request = { query: "上海天气", documents: ["北京美食", long] };
  const rank = async (/** @type {any} */ options) => {
    const { baseUrl, id } = plan(context, "ok");
    const response = await qianfan(context, { baseUrl, ...options }).rerank(request);
    const [{ body }] = await seen(context, id);
    return { response, sent: JSON.parse(body).documents };
  };
  const whole = await rank({});
  same([whole.sent, whole.response.warnings.map(({ code, index }) => [code, index])], [request.documents, [["partly_read", 1]]]);
  const cut = await rank({ longDocuments: "truncate" });
  same([cut.sent[1], cut.response.warnings.length], [long.slice(0, 5 * 256), 1]);
  const { response, sent } = await rank({ longDocuments: "windows" });
  same([sent.length, response.warnings, response.results.length], [4, [], 2]);
  const { window, document } = response.results.find(({ index }) => index === 1);
  ok(document === long && sent.slice(1).indexOf(long.slice(window.start, window.end)) === window.index, JSON.stringify(window));
  ok(sent.slice(1).every((text) => text.length <= 4096 && long.includes(text)) && sent[3].endsWith("😀"), "windows of the document");
  same(response.results.find(({ index }) => index === 0).window, undefined);
});

add("ranks odd text: a lone surrogate, NUL, a megabyte of one letter, emoji sequences", async (context) => {
  const documents = ["\ud800", "\0", "a".repeat(1 << 20), "👨‍👩‍👧‍👦🏳️‍🌈", "__proto__"];
  const response = await dmxapi(context).rerank({ query: "q\udc00", documents });
  same(response.results.map((result) => result.index).sort(), [0, 1, 2, 3, 4]);
  ok(response.results.every((result) => result.document === documents[result.index]), "documents unchanged");
});

add("joins every form of baseUrl", async (context) => {
  for (const path of ["", "/", "/v1", "/v1/", "/v1/rerank", "/v1/rerank/", "/gateway"]) {
    const response = await dmxapi(context, { baseUrl: context.baseUrl + path }).rerank({ query: "q", documents: ["a"] });
    same(response.results.length, 1, path);
  }
  const error = await errorOf(dmxapi(context, { baseUrl: `${context.baseUrl}/nowhere/rerank` }).rerank({ query: "q", documents: ["a"] }));
  same([error.code, error.status], ["not_found", 404]);
});

add("reads options and request once, and later changes change nothing", async (context) => {
  const counted = (object, reads) => new Proxy(object, { get: (target, key) => ((reads[key] = (reads[key] ?? 0) + 1), target[key]) });
  const [optionReads, requestReads] = [{}, {}];
  const options = { provider: "dmxapi", apiKey: DMXAPI_KEY, baseUrl: context.baseUrl };
  const reranker = new context.RemoteReranker(counted(options, optionReads));
  options.apiKey = "changed";
  const documents = ["a", "b"];
  const pending = reranker.rerank(counted({ query: "q", documents, topN: 2 }, requestReads));
  documents.length = 0;
  same((await pending).results.length, 2);
  for (const reads of [optionReads, requestReads]) ok(Object.values(reads).every((count) => count === 1), `each read once: ${JSON.stringify(reads)}`);
});

add("calls many at a time, and each gets its own answer", async (context) => {
  const reranker = dmxapi(context);
  const calls = Array.from({ length: 40 }, (_, n) => reranker.rerank({ query: `q${n}`, documents: Array.from({ length: n + 1 }, (_, i) => `d${i}`) }));
  same((await Promise.all(calls)).map((response) => response.results.length), calls.map((_, n) => n + 1));
});

add("a vendor key against the vendor's host is refused in a page and nowhere else", async ({ RemoteReranker }) => {
  const isPage = typeof document === "object" && typeof process === "undefined";
  const make = (/** @type {any} */ options) => () => new RemoteReranker({ provider: "dmxapi", apiKey: DMXAPI_KEY, ...options }) && undefined;
  if (isPage) same((await errorOf(make({}))).code, "invalid_request");
  else make({})();
  make({ dangerouslyAllowBrowser: true })();
  make({ baseUrl: "https://proxy.example/rerank" })();
});
