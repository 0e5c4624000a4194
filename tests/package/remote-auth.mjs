// @ts-check
// Qianfan's ways in that take more than a key: bought tokens and signatures, against a server that checks both by itself.

import { errorOf, ok, reachable, same } from "./assert.mjs";
import { ACCESS_KEYS, APP_KEYS, SESSION_TOKEN, plan, seen } from "./remote-fixtures.mjs";

/** @typedef {{ RemoteReranker: any, isRerankError: (error: unknown) => boolean, baseUrl: string }} Context */
/** @type {{ name: string, run: (context: Context) => Promise<void> }[]} */
export const remoteAuth = [];
const add = (/** @type {string} */ name, /** @type {(context: Context) => Promise<void>} */ run) => remoteAuth.push({ name, run });

const REQUEST = { query: "上海天气", documents: ["上海气候", "北京美食"] };
const PATH = "/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base";
const make = ({ RemoteReranker }, baseUrl, auth, options = {}) => new RemoteReranker({ provider: "qianfan", baseUrl, auth, ...options });
/** Plans for the token endpoint and for ranking. */
const oauth = (context, { tokens = "ok", ranks = "ok", ...auth } = {}, options = {}) => {
  const [shop, service] = [plan(context, tokens), plan(context, ranks)];
  const reranker = make(context, service.baseUrl, { type: "oauth", ...APP_KEYS, tokenUrl: `${shop.baseUrl}/oauth/2.0/token`, ...auth }, options);
  return { reranker, count: async () => [(await seen(context, shop.id)).length, (await seen(context, service.id)).length] };
};
const iam = (context, ranks = "ok", auth = {}, options = {}) => {
  const service = plan(context, ranks);
  return { reranker: make(context, service.baseUrl, { type: "iam", ...ACCESS_KEYS, ...auth }, options), requests: () => seen(context, service.id) };
};

add("a token is bought once for many calls, and bought anew once when it has expired", async (context) => {
  const { reranker, count } = oauth(context, { ranks: "ok,ok,ok,ok,expired" });
  const responses = await Promise.all(Array.from({ length: 4 }, () => reranker.rerank(REQUEST)));
  ok(responses.every((response) => response.results[0].relevanceScore === 0.70597), "ranked");
  same(await count(), [1, 4]);
  const attempts = [];
  const { reranker: again, count: counts } = oauth(context, { ranks: "expired" }, { onAttempt: (a) => attempts.push(a.decision), maxRetries: 0 });
  same((await again.rerank(REQUEST)).results.length, 2);
  same([await counts(), attempts], [[2, 2], ["retry", "done"]]);
  const { reranker: never, count: counted } = oauth(context, { ranks: "expired,expired" });
  const error = await errorOf(never.rerank(REQUEST));
  same([error.code, error.providerCode, await counted()], ["unauthorized", 111, [2, 2]]);
});

add("a refused pair of keys is unauthorized, tells which pair is meant, and is not tried again", async (context) => {
  for (const wrong of [{ apiKey: "MARKED-key" }, { secretKey: "MARKED-secret" }]) {
    const { reranker, count } = oauth(context, wrong);
    const [first, second] = await Promise.all([errorOf(reranker.rerank(REQUEST)), errorOf(reranker.rerank(REQUEST))]);
    for (const error of [first, second]) {
      same([error.code, error.status, error.providerCode], ["unauthorized", 401, "invalid_client"], error.message);
      ok(error.message.includes('AK/SK') && !reachable(error).includes("MARKED") && !reachable(error).includes(APP_KEYS.secretKey), error.message);
    }
    same(await count(), [1, 0]);
  }
});

add("a token service that fails is tried again, and its odd replies are bad_response", async (context) => {
  const { reranker, count } = oauth(context, { tokens: "reset,bad_gateway,ok" });
  same((await reranker.rerank(REQUEST)).results.length, 2);
  same(await count(), [3, 1]);
  for (const tokens of ["html", "empty", "redirect", "no_results"]) {
    const error = await errorOf(oauth(context, { tokens }).reranker.rerank(REQUEST));
    same(error.code, "bad_response", `${tokens}: ${error.message}`);
  }
});

add("a token store is shared, and one that fails or hangs costs nothing but a token", async (context) => {
  const kept = new Map();
  const lives = [];
  const tokenStore = { get: async (key) => kept.get(key) ?? null, set: async (key, value, ttl) => void (kept.set(key, value), lives.push(ttl)) };
  const first = oauth(context, { tokenStore });
  await first.reranker.rerank(REQUEST);
  const second = oauth(context, { tokenStore });
  await second.reranker.rerank(REQUEST);
  same([await first.count(), await second.count(), kept.size], [[1, 1], [0, 1], 1]);
  ok(lives.length === 1 && lives[0] > 2_590_000 && lives[0] <= 2_592_000, `${lives}`);
  ok([...kept.keys()].every((key) => !key.includes(APP_KEYS.apiKey)), "the key is no key");
  const throws = () => { throw new Error("store"); };
  for (const broken of [{ get: throws, set: throws }, { get: async () => 5, set: async () => throws() }, { get: () => Promise.reject("x"), set: () => {} }]) {
    const { reranker, count } = oauth(context, { tokenStore: broken });
    await reranker.rerank(REQUEST);
    same(await count(), [1, 1]);
  }
});

add("an aborted purchase leaves the token to the next call", async (context) => {
  const { reranker, count } = oauth(context, { tokens: "hang,ok" });
  const controller = new AbortController();
  const cut = errorOf(reranker.rerank({ ...REQUEST, signal: controller.signal }));
  const waits = reranker.rerank(REQUEST);
  setTimeout(() => controller.abort(), 60);
  same((await cut).code, "aborted");
  same((await waits).results.length, 2);
  same(await count(), [2, 1]);
});

add("AK/SK signs host and date, with a session token that too, and no token travels", async (context) => {
  for (const auth of [{}, { sessionToken: SESSION_TOKEN }, { secretAccessKey: async () => ACCESS_KEYS.secretAccessKey }]) {
    const { reranker, requests } = iam(context, "ok", auth);
    same((await reranker.rerank({ ...REQUEST, user: "u" })).results.length, 2);
    const [{ url, headers, body }] = await requests();
    ok(url.endsWith(PATH) && headers.authorization.startsWith(`bce-auth-v1/${ACCESS_KEYS.accessKeyId}/`), url);
    same([headers["x-bce-security-token"], JSON.parse(body).user_id], [auth.sessionToken, "u"]);
  }
  const odd = make(context, `${context.baseUrl}/a%20b/测/rerank/../bce_reranker_base?x=1&y=%2B`, { type: "iam", ...ACCESS_KEYS });
  same((await odd.rerank(REQUEST)).results.length, 2, "odd addresses are signed as they are meant");
});

add("a clock that is wrong is set by the service's, and the call signed once more", async (context) => {
  const { reranker, requests } = iam(context, "late,no_usage", {}, { maxRetries: 0 });
  same((await reranker.rerank({ ...REQUEST, documents: ["a"] })).results.length, 1);
  const dates = (await requests()).map(({ headers }) => Date.parse(headers["x-bce-date"]));
  ok(dates.length === 2 && dates[1] - dates[0] > 3_590_000 && dates[1] - dates[0] < 3_610_000, `${dates}`);
  const late = iam(context, "late,late");
  const error = await errorOf(late.reranker.rerank(REQUEST));
  same([error.code, error.providerCode, error.requestId, (await late.requests()).length], ["unauthorized", "RequestExpired", "contract-late", 2]);
});

add("refused access keys say which is wrong, and repeat none", async (context) => {
  const rows = [[{ accessKeyId: "MARKED" }, "InvalidAccessKeyId", "auth.accessKeyId"], [{ secretAccessKey: "MARKED" }, "SignatureDoesNotMatch", "auth.secretAccessKey"]];
  for (const [auth, code, option] of /** @type {any[]} */ (rows)) {
    const { reranker, requests } = iam(context, "ok", auth);
    const error = await errorOf(reranker.rerank(REQUEST));
    same([error.code, error.providerCode], ["unauthorized", code], error.message);
    ok(error.message.includes(option) && error.message.includes("AK/SK"), error.message);
    const [{ headers }] = await requests();
    for (const secret of ["MARKED", headers.authorization.split("/").at(-1), ACCESS_KEYS.secretAccessKey]) ok(!reachable(error).includes(secret), secret);
  }
});
