// @ts-check
// How calls and instances end: abort, timeout, dispose, a trap.

import { equal, ok, rejects, same } from "../expect.mjs";

const QUERY = "Why is the window open?";
const SHORT = { query: QUERY, documents: ["Open the windows in the morning.", "The invoice must be paid."] };
/** Seconds of work in windows of milliseconds. */
const LONG = { query: QUERY, documents: Array.from({ length: 300 }, (_, n) => `${n} The weather was sunny and the garden path was dry. `.repeat(40)) };

const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Runs `work` while instances of this thread can be made to trap: their exports are copied, since those of wasm are frozen.
 * @param {(fault: { steps: number }) => Promise<void>} work `steps`: how many of the next steps trap
 */
async function withTraps(work) {
  const { instantiate } = WebAssembly;
  const fault = { steps: 0 };
  const faulty = async (/** @type {WebAssembly.Module} */ module, /** @type {any} */ imports) => {
    const exports = { ...(await instantiate(module, imports)).exports };
    const step = /** @type {Function} */ (exports.localjob_step);
    exports.localjob_step = (/** @type {any[]} */ ...args) => {
      if (fault.steps-- > 0) throw new WebAssembly.RuntimeError("unreachable");
      return step(...args);
    };
    return { module, instance: { exports } };
  };
  WebAssembly.instantiate = /** @type {any} */ (faulty);
  try {
    await work(fault);
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "abort of load: before, while bytes come, while it waits for them",
    async run({ load, loadFrom, bytes }) {
      const reason = new Error("mine");
      equal((await rejects(loadFrom("tiny_int8", { signal: AbortSignal.abort(reason) }), "aborted")).cause, reason, "cause");
      const during = new AbortController();
      const onProgress = () => during.abort(reason);
      equal((await rejects(loadFrom("tiny_fp32", { signal: during.signal, onProgress }), "aborted")).cause, reason, "cause");
      const waiting = new AbortController();
      let cancelled = false;
      const endless = new ReadableStream({ cancel: () => void (cancelled = true) });
      const pending = load({ model: endless, tokenizer: await bytes("models/tokenizer.json"), signal: waiting.signal });
      setTimeout(() => waiting.abort("enough"), 20);
      equal((await rejects(pending, "aborted")).cause, "enough", "cause");
      await sleep(0);
      ok(cancelled, "the caller's stream is let go");
    },
  },
  {
    name: "abort of a call: before, and in the middle by a timer; the next call is unharmed",
    async run({ loadFrom }) {
      const reranker = await loadFrom("tiny_fp32");
      const expected = (await reranker.rerank(SHORT)).results;
      const reason = { mine: true };
      equal((await rejects(reranker.rerank({ ...SHORT, signal: AbortSignal.abort(reason) }), "aborted")).cause, reason, "cause");
      const controller = new AbortController();
      let done = 0;
      const onProgress = (/** @type {any} */ p) => (done = p.done);
      const pending = reranker.rerank({ ...LONG, signal: controller.signal, onProgress });
      const meanwhile = reranker.rerank(SHORT);
      setTimeout(() => controller.abort(reason), 30);
      equal((await rejects(pending, "aborted")).cause, reason, "cause");
      ok(done < LONG.documents.length, `an end before all documents, not after ${done}`);
      same((await meanwhile).results, expected, "the call beside it");
      const doneAtAbort = done;
      same((await reranker.rerank(SHORT)).results, expected, "the next call");
      await sleep(30);
      ok(done <= doneAtAbort + 1, "no work after the abort");
      reranker.dispose();
    },
  },
  {
    name: "a signal that outlives its call is let go and does nothing to later ones",
    async run({ loadFrom }) {
      const controller = new AbortController();
      const reranker = await loadFrom("tiny_int8", { signal: controller.signal });
      await reranker.rerank({ ...SHORT, signal: controller.signal });
      controller.abort();
      equal((await reranker.rerank(SHORT)).results.length, 2, "results");
      reranker.dispose();
    },
  },
  {
    name: "timeoutMs ends a call with timeout",
    async run({ loadFrom }) {
      const reranker = await loadFrom("tiny_fp32");
      const error = await rejects(reranker.rerank({ ...LONG, timeoutMs: 20 }), "timeout", /20 ms/);
      equal(error.retryable, true, "retryable");
      equal((await reranker.rerank({ ...SHORT, timeoutMs: 2 ** 40 })).results.length, 2, "results");
      reranker.dispose();
    },
  },
  {
    name: "dispose ends pending calls and later ones with disposed",
    async run({ loadFrom }) {
      const reranker = await loadFrom("tiny_fp32");
      const pending = [reranker.rerank(LONG), reranker.rerank(LONG)];
      setTimeout(() => reranker.dispose(), 20);
      for (const call of pending) await rejects(call, "disposed");
      await rejects(reranker.rerank(SHORT), "disposed");
      reranker.dispose();
      const early = await loadFrom("tiny_int8");
      const first = early.rerank(SHORT);
      early.dispose();
      await rejects(first, "disposed");
    },
  },
  {
    name: "Symbol.dispose and Symbol.asyncDispose, where they exist",
    async run({ loadFrom }) {
      for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
        if (!symbol) continue;
        const reranker = await loadFrom("tiny_int8");
        reranker[symbol]();
        await rejects(reranker.rerank(SHORT), "disposed");
      }
    },
  },
  {
    name: "a trap: all pending calls end with internal, the next one runs on a fresh instance",
    run: ({ loadFrom }) =>
      withTraps(async (fault) => {
        const reranker = await loadFrom("tiny_int8", { workers: 0 });
        const expected = (await reranker.rerank(SHORT)).results;
        const pending = [reranker.rerank(LONG), reranker.rerank(LONG), reranker.rerank(SHORT)];
        await Promise.resolve();
        fault.steps = 1;
        const codes = (await Promise.allSettled(pending)).map((it) => (it.status === "rejected" ? it.reason.code : "ranked"));
        // The fault may have come after the short call was through.
        ok(codes.filter((code) => code === "internal").length >= 2, `internal for all that were pending, not ${codes}`);
        same((await reranker.rerank(SHORT)).results, expected, "results of the fresh instance");
        fault.steps = 1;
        const again = await rejects(reranker.rerank(SHORT), "internal", /fresh/);
        equal(again.retryable, false, "retryable");
        same((await reranker.rerank(SHORT)).results, expected, "results after the second trap");
        reranker.dispose();
      }),
  },
  {
    name: "a trap of an engine made from a stream says that load must be called again",
    run: ({ load, bytes }) =>
      withTraps(async (fault) => {
        const [model, tokenizer] = await Promise.all([bytes("models/tiny_int8.onnx"), bytes("models/tokenizer.json")]);
        const reranker = await load({ model: new Blob([model]).stream(), tokenizer, workers: 0 });
        fault.steps = 1;
        await rejects(reranker.rerank(SHORT), "internal");
        await rejects(reranker.rerank(SHORT), "internal", /load/);
        reranker.dispose();
      }),
  },
  {
    name: "withFallback: private stays private; a fallback is a warning; final errors do not fall back",
    async run({ loadFrom, withFallback, RerankError }) {
      const local = await loadFrom("tiny_int8");
      const response = { results: [], model: "m", provider: "other", warnings: [] };
      let calls = 0;
      const other = { rerank: async () => (calls++, response), dispose() {} };
      const failing = { rerank: async () => { throw new RerankError("network", "down"); }, dispose() {} };
      await rejects(() => withFallback(local, other), "invalid_request", /allowRemote/);
      await rejects(() => withFallback(withFallback(local, local), other), "invalid_request", /allowRemote/);
      await rejects(() => withFallback(local, {}), "invalid_request", /^second: /);
      await rejects(withFallback(local, other, { allowRemote: true }).rerank({ query: "", documents: [] }), "invalid_request", /^query: /);
      equal(calls, 0, "calls of the other");
      const { warnings, provider } = await withFallback(failing, local).rerank(SHORT);
      same([warnings.map((/** @type {any} */ it) => it.code), provider], [["fallback"], "local"], "warnings, provider");
      local.dispose();
    },
  },
];
