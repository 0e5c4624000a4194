// @ts-check
// Ranking on workers: the same scores, partial rankings, abort and dispose.

import { equal, ok, rejects, same } from "../expect.mjs";

export const QUERY = "Why is the window open?";
const WORDS = "The weather was sunny and the garden path was dry, so the runner went out early".split(" ");
/** Mixed lengths, some of several windows; each its own. */
export const documentsOf = (/** @type {number} */ count) => Array.from({ length: count }, (_, n) => `${n} ${Array.from({ length: 5 + ((n * 37) % 160) * (n % 9 === 0 ? 6 : 1) }, (_, at) => WORDS[(at * (n + 3) + n) % WORDS.length]).join(" ")}.`);
/** Seconds of work on the fp32 model. */
export const LONG = { query: QUERY, documents: Array.from({ length: 300 }, (_, n) => `${n} ${WORDS.join(" ")} `.repeat(20)) };
export const SHORT = { query: QUERY, documents: ["Open the windows in the morning.", "The invoice must be paid."] };

/** @param {string} runtime @returns {{ alive: Set<{ terminate(): unknown }>, stop: () => void }} workers as they are started */
function watchWorkers(runtime) {
  const alive = new Set();
  if (runtime === "node") {
    const { process } = /** @type {any} */ (globalThis);
    const add = (/** @type {any} */ worker) => {
      alive.add(worker);
      worker.once("exit", () => alive.delete(worker));
    };
    process.on("worker", add);
    return { alive, stop: () => process.off("worker", add) };
  }
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    /** @param {URL} url @param {WorkerOptions} options */
    constructor(url, options) {
      super(url, options);
      // Not while its script is on the way: then half a minute goes by before it is given up.
      this.addEventListener("message", () => alive.add(this), { once: true });
    }
    terminate() {
      alive.delete(this);
      super.terminate();
    }
  };
  return { alive, stop: () => void (globalThis.Worker = Worker) };
}

/** Park and Miller's minimal standard generator. @param {number} seed @returns {() => number} 0 to 1 */
export function random(seed) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

export const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/** @param {Set<any>} set @param {number} at 0 to 1 */
export const pickOne = (set, at) => [...set][Math.floor(at * set.size)];

/** Until a condition holds; that it never does is a failure, whatever the machine. @param {() => boolean} isSo @param {string} what */
export async function until(isSo, what) {
  for (let waited = 0; !isSo(); waited++) {
    ok(waited < 2000, `${what}: still not so`);
    await sleep(5);
  }
}

/** Node tells of an end when the thread is torn down. @param {Set<any>} alive */
export const untilNoneLives = (alive) => until(() => alive.size === 0, "no worker lives");

/** Ends those that live, others may follow them. @param {Set<any>} alive */
export async function killAll(alive) {
  const killed = [...alive];
  for (const worker of killed) worker.terminate();
  await until(() => !killed.some((it) => alive.has(it)), "the killed are gone");
}

/**
 * Aborts a long call of `reranker`'s two workers: it ends before the next one does, which is right, and they live on.
 * @param {any} reranker @param {Set<any>} alive
 */
export async function abortLeavesFit(reranker, alive) {
  const before = [...alive];
  const expected = (await reranker.rerank(SHORT)).results;
  const stop = new AbortController();
  let done = 0;
  /** @type {string[]} */
  const ended = [];
  const aborted = rejects(reranker.rerank({ ...LONG, onProgress: () => done++, signal: stop.signal }), "aborted").then(() => ended.push("aborted"));
  await until(() => done > 0, "a document is done");
  stop.abort();
  const atAbort = done;
  const next = reranker.rerank(SHORT).finally(() => ended.push("next"));
  await aborted;
  same((await next).results, expected, "the next call");
  same(ended, ["aborted", "next"], "which call ended first");
  same([...alive].map((it) => before.includes(it)), [true, true], "the same workers");
  ok(done === atAbort && done < LONG.documents.length, `${atAbort} documents were told of before the abort, ${done} in all`);
}

/** @param {import("../context.mjs").Context} context @param {(workers: Set<{ terminate(): unknown }>) => Promise<string | void>} work */
export async function withWorkers({ runtime }, work) {
  const { alive, stop } = watchWorkers(runtime);
  try {
    return await work(alive);
  } finally {
    stop();
  }
}

const ENTRIES = /** @type {const} */ (["compile", "compileStreaming", "instantiate", "instantiateStreaming", "Module", "Instance"]);

/**
 * What of WebAssembly this thread compiles and instantiates meanwhile.
 * @param {() => Promise<void>} work @returns {Promise<string[]>}
 */
export async function compiledHere(work) {
  /** @type {string[]} */
  const seen = [];
  const api = /** @type {any} */ (WebAssembly);
  const originals = ENTRIES.map((name) => api[name]);
  ENTRIES.forEach((name, at) => {
    api[name] = function (/** @type {any[]} */ ...args) {
      seen.push(name);
      return new.target ? Reflect.construct(originals[at], args) : originals[at].apply(api, args);
    };
    // For instanceof.
    api[name].prototype = originals[at].prototype;
  });
  try {
    await work();
  } finally {
    ENTRIES.forEach((name, at) => (api[name] = originals[at]));
  }
  return seen;
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "workers: scores are bit for bit those of the calling thread, windows and ties too",
    not: ["workerd"],
    async run({ loadFrom }) {
      const documents = [...documentsOf(40), ...documentsOf(3)];
      const request = { query: QUERY, documents, overlapTokens: 20 };
      /** @type {["tiny_int8" | "tiny_fp32", (number | "auto")[]][]} */
      const pools = [["tiny_int8", [1, 3, "auto"]], ["tiny_fp32", [2]]];
      for (const [model, counts] of pools) {
        const here = await loadFrom(model, { workers: 0 });
        const expected = (await here.rerank(request)).results;
        ok(expected.some((/** @type {any} */ it) => it.window?.index > 0), "a best window that is not the first");
        here.dispose();
        for (const workers of counts) {
          const there = await loadFrom(model, { workers });
          same((await there.rerank(request)).results, expected, `${model} with ${workers} workers`);
          same((await there.rerank({ ...request, topN: 5 })).results, expected.slice(0, 5), "topN");
          same((await Promise.all([there.rerank(request), there.rerank(SHORT)]))[0].results, expected, "beside another call");
          there.dispose();
        }
      }
    },
  },
  {
    name: "workers: a model of every kind reaches all of them and is left alone",
    async run({ load, url, bytes }) {
      const [model, tokenizer] = await Promise.all([bytes("models/tiny_int8.onnx"), bytes("models/tokenizer.json")]);
      const ways = [{ model: url("models/tiny_int8.onnx") }, { model, tokenizer }, { model: new Blob([model]).stream(), tokenizer: JSON.parse(new TextDecoder().decode(tokenizer)) }, { model: new Response(model), tokenizer: tokenizer.buffer }];
      const seen = [];
      for (const way of ways) {
        const reranker = await load({ ...way, workers: 2 });
        seen.push((await reranker.rerank({ ...SHORT, returnDocuments: false })).results);
        reranker.dispose();
      }
      for (const results of seen) same(results, seen[0], "results");
      ok(model.byteLength > 0 && tokenizer.byteLength > 0, "the caller's bytes are left alone");
    },
  },
  {
    name: "workers: this thread compiles and instantiates no wasm",
    not: ["workerd"],
    async run({ loadFrom, url, bytes }) {
      // The first fetch of Node instantiates a parser of HTTP.
      await bytes("models/tokenizer.json");
      // One that nobody has compiled before.
      const wasm = `${url("pkg/local.simd128.wasm")}?${Date.now()}`;
      const ranked = (/** @type {object} */ options) => async () => {
        const reranker = await loadFrom("tiny_int8", { wasm, ...options });
        equal((await reranker.rerank(SHORT)).results.length, 2, "results");
        reranker.dispose();
      };
      for (const options of [{ workers: 1 }, { workers: 2 }, { workers: "auto" }, { workers: 2, maxMemoryBytes: 1 }]) same(await compiledHere(ranked(options)), [], JSON.stringify(options));
      const seen = await compiledHere(ranked({ workers: 0 }));
      ok(seen.some((name) => name.startsWith("compile")) && seen.includes("instantiate"), `both without workers, not ${seen}`);
    },
  },
  {
    name: "rerankStream: growing rankings, the last one whole; a break ends the rest; errors as rerank has them",
    async run({ loadFrom }) {
      for (const workers of [0, 2]) {
        const reranker = await loadFrom("tiny_int8", { workers });
        const request = { query: QUERY, documents: documentsOf(30), topN: 4 };
        let last;
        let done = 0;
        for await (const partial of reranker.rerankStream(request)) {
          ok(partial.done > done && partial.total === 30, `done ${done} before ${partial.done} of ${partial.total}`);
          equal(partial.results.length, Math.min(4, partial.done), "results");
          for (let at = 1; at < partial.results.length; at++) ok(partial.results[at - 1].relevanceScore >= partial.results[at].relevanceScore, "best first");
          done = partial.done;
          last = partial;
        }
        same(last?.results, (await reranker.rerank(request)).results, "the last ranking");
        for await (const { done } of reranker.rerankStream(LONG)) if (done >= 2) break;
        equal((await reranker.rerank(SHORT)).results.length, 2, "results after a break");
        const empty = [];
        for await (const partial of reranker.rerankStream({ query: QUERY, documents: [] })) empty.push(partial);
        same(empty, [{ done: 0, total: 0, results: [] }], "of no documents");
        await rejects(reranker.rerankStream({ query: "", documents: ["a"] }).next(), "invalid_request", /^query: /);
        const stop = new AbortController();
        const reading = reranker.rerankStream({ ...LONG, signal: stop.signal });
        await reading.next();
        stop.abort("mine");
        const error = await rejects(async () => { for await (const _ of reading); }, "aborted");
        equal(error.cause, "mine", "cause");
        reranker.dispose();
        await rejects(reranker.rerankStream(SHORT).next(), "disposed");
      }
    },
  },
  {
    name: "abort ends a call at once and leaves the workers fit",
    not: ["workerd"],
    run: (context) =>
      withWorkers(context, async (alive) => {
        const reranker = await context.loadFrom("tiny_fp32", { workers: 2 });
        await abortLeavesFit(reranker, alive);
        reranker.dispose();
        await untilNoneLives(alive);
      }),
  },
  {
    name: "dispose while loading and while ranking ends every worker",
    not: ["workerd"],
    run: (context) =>
      withWorkers(context, async (alive) => {
        const stop = new AbortController();
        const loading = context.loadFrom("tiny_fp32", { workers: 3, signal: stop.signal, onProgress: () => stop.abort() });
        await rejects(loading, "aborted");
        const reranker = await context.loadFrom("tiny_fp32", { workers: 2 });
        const pending = [reranker.rerank(LONG), reranker.rerank(SHORT)];
        reranker.dispose();
        for (const call of pending) await rejects(call, "disposed");
        await untilNoneLives(alive);
      }),
  },
];
