// @ts-check
// Seeded schedules of faults through the wasm build, over real connections (a quarter of a thousand; `test:full` runs all): each call ends in the right ranking or
// the right typed error, and no request is beyond its budget. The twin of tests/remote/faults.rs, whose network and clock are fakes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startContractServer } from "./contract-server.mjs";
import { importInstalled } from "./installed.mjs";
import { ACCESS_TOKEN, APP_KEYS, DMXAPI_KEY, plan, seen } from "./remote-fixtures.mjs";

const { RemoteReranker, isRerankError } = await importInstalled("rerank-wasm/remote");

/** What one request comes to, by the contract server's name: the code, whether another attempt is made; nothing: it is good. @type {Record<string, [string, boolean] | undefined>} */
const FAULTS = {
  ok: undefined, slow: undefined, drip: undefined,
  reset: ["network", true], short: ["network", true], bad_gateway: ["provider_unavailable", true], internal: ["provider_unavailable", true],
  qps: ["rate_limited", true], limiter: ["rate_limited", true], saturated: ["rate_limited", true], wait_ms: ["rate_limited", true],
  // Who tells us to wait for an hour is not waited for.
  wait_long: ["rate_limited", false], daily: ["quota_exhausted", false], overdue: ["quota_exhausted", false], expired: ["unauthorized", false],
  html: ["bad_response", false], truncated: ["bad_response", false], invalid_utf8: ["bad_response", false], empty: ["bad_response", false],
  over: ["bad_response", false], redirect: ["bad_response", false], index_out_of_range: ["bad_response", false], no_score: ["bad_response", false],
};
const SCHEDULES = process.env.RERANK_FULL ? 1000 : 250;
/** A thousandth of it is the time of an attempt: long enough for a busy machine. */
const LONG_MS = 60_000_000;
const NAMES = Object.keys(FAULTS);
const PASSING = NAMES.filter((name) => FAULTS[name]?.[1]);

/** @param {number} seed */
function randomBelow(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) | 1) >>> 0;
  const next = (/** @type {number} */ most) => {
    for (const [left, shift] of /** @type {const} */ ([[true, 13], [false, 17], [true, 5]])) state = (state ^ (left ? state << shift : state >>> shift)) >>> 0;
    return (state >>> 8) % most;
  };
  // The first numbers of neighbouring seeds are alike.
  for (let skipped = 0; skipped < 8; skipped += 1) next(1);
  return next;
}

/** What a call of so many parts, sent one after the other, must come to. @param {string[]} schedule @param {{ parts: number, retries: number, canRenew: boolean }} call */
function expected(schedule, { parts, retries, canRenew }) {
  let requests = 0;
  for (let part = 0; part < parts; part += 1) {
    let [failures, renewed] = [0, !canRenew];
    for (;;) {
      const name = schedule[requests] ?? "ok";
      requests += 1;
      const fault = FAULTS[name];
      if (!fault) break;
      if (name === "expired" && !renewed) {
        renewed = true;
        continue;
      }
      failures += 1;
      if (!fault[1] || failures > retries) return { code: fault[0], requests };
    }
  }
  return { code: undefined, requests };
}

/** @type {Awaited<ReturnType<typeof startContractServer>>} */
let server;
const { setTimeout: realTimeout } = globalThis;
before(async () => {
  server = await startContractServer();
  // Waits between attempts take a thousandth of their time.
  globalThis.setTimeout = /** @type {any} */ ((/** @type {any} */ act, /** @type {number} */ ms, /** @type {any[]} */ ...rest) => realTimeout(act, ms / 1000, ...rest));
});
after(() => {
  globalThis.setTimeout = realTimeout;
  return server.close();
});

/** @param {number} seed @returns {Promise<boolean>} whether it ended in a ranking */
async function run(seed) {
  const below = randomBelow(seed);
  const call = { parts: 1 + below(3), retries: below(4), canRenew: below(2) === 0 };
  const pick = () => (below(8) < 4 ? PASSING[below(PASSING.length)] : below(4) === 0 ? "expired" : NAMES[below(NAMES.length)]);
  const schedule = Array.from({ length: below(6) }, pick);
  const { code, requests } = expected(schedule, call);
  const { baseUrl, id } = plan(server, schedule.join() || "ok");
  const auth = call.canRenew ? { type: "oauth", ...APP_KEYS, tokenUrl: `${server.baseUrl}/oauth/2.0/token` } : { type: "access-token", accessToken: ACCESS_TOKEN };
  const reranker = new RemoteReranker({ provider: "qianfan", auth, baseUrl, maxConcurrency: 1, maxRetries: call.retries, timeoutMs: LONG_MS });
  const documents = Array.from({ length: call.parts * 64 - below(60) }, (_, index) => `document ${seed} ${index}`);
  const topN = 1 + below(documents.length);
  const outcome = await reranker.rerank({ query: "question", documents, topN }).catch((/** @type {any} */ error) => error);
  reranker.dispose();
  const about = `seed ${seed}, ${schedule} in ${JSON.stringify(call)}`;
  assert.equal((await seen(server, id)).length, requests, `${about}: requests, ${outcome.code} ${outcome.message}`);
  if (code !== undefined) {
    assert.ok(isRerankError(outcome), `${about}: expected ${code}, found ${outcome}`);
    assert.equal(outcome.code, code, `${about}: ${outcome.message}`);
    return false;
  }
  const whole = await new RemoteReranker({ provider: "dmxapi", baseUrl: server.baseUrl, apiKey: DMXAPI_KEY, timeoutMs: LONG_MS }).rerank({ query: "question", documents, topN });
  assert.deepEqual(outcome.results, whole.results, about);
  return true;
}

test("schedules of faults end in the right ranking or the right error", { timeout: 300_000 }, async (t) => {
  let [ranked, next] = [0, 1];
  const worker = async () => {
    while (next <= SCHEDULES) {
      const isRanked = await run(next++);
      ranked += Number(isRanked);
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  t.diagnostic(`${ranked} of ${SCHEDULES} end in a ranking`);
  assert.ok(ranked > SCHEDULES / 5 && ranked < 0.8 * SCHEDULES, `${ranked} of ${SCHEDULES} end in a ranking: the schedules test too little`);
});
