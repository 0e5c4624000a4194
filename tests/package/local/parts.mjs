// @ts-check
// Models that are there once: split over workers, and with word tables left in the cache.

import { equal, ok, rejects, same } from "../expect.mjs";
import { windowsOf } from "./long.mjs";
import { LONG, QUERY, SHORT, abortLeavesFit, documentsOf, killAll, pickOne, random, sleep, until, untilNoneLives, withWorkers } from "./workers.mjs";

/** Copies never fit. */
const SPLIT = { maxMemoryBytes: 1 };
/** Calls in the test of random kills. */
const CALLS = 60;
/** With a word table of 51 MB, which is left in the cache. */
const TABLED = "tabled_int8.onnx";

/** @param {any} reranker @param {RegExp} what */
const isNoted = (reranker, what) => ok(reranker.plan.notes.some((/** @type {string} */ it) => what.test(it)), `a note like ${what}, not ${reranker.plan.notes.join("; ")}`);

/** @type {readonly import("../context.mjs").Case[]} */
const all = [
  {
    name: "split over workers: scores are bit for bit those of one, windows, ties and other calls too",
    async run({ loadFrom }) {
      const request = { query: QUERY, documents: [...documentsOf(30), ...documentsOf(3)], overlapTokens: 20 };
      for (const model of /** @type {const} */ (["tiny_int8", "tiny_fp32"])) {
        const whole = await loadFrom(model, { workers: 0 });
        const expected = (await whole.rerank(request)).results;
        whole.dispose();
        // Of two layers there are three parts at most.
        for (const workers of [2, 3, 5]) {
          const split = await loadFrom(model, { workers, ...SPLIT });
          isNoted(split, new RegExp(`^layers: split over ${Math.min(workers, 3)} workers`));
          /** @type {number[]} */
          const done = [];
          /** @type {any[]} */
          const seen = [];
          const onProgress = (/** @type {any} */ progress) => (progress.windows ? seen : done).push(progress.windows ? progress : progress.done);
          const both = await Promise.all([split.rerank({ ...request, onProgress }), split.rerank(SHORT)]);
          same(both[0].results, expected, `${model} over ${workers}`);
          same(done, request.documents.map((_, at) => at + 1), "progress");
          for (const index of new Set(seen.map((it) => it.windows.index))) windowsOf(seen, index);
          ok(expected.filter((/** @type {any} */ it) => it.window).every((/** @type {any} */ it) => seen.some(({ windows }) => windows.index === it.index)), "windows of each long document");
          await rejects(split.rerank({ ...SHORT, overlapTokens: 81 }), "invalid_request", /^overlapTokens/);
          split.dispose();
        }
      }
    },
  },
  {
    name: "split over workers: abort leaves the parts fit, dispose ends them",
    run: (context) =>
      withWorkers(context, async (alive) => {
        const reranker = await context.loadFrom("tiny_fp32", { workers: 2, ...SPLIT });
        await abortLeavesFit(reranker, alive);
        const last = reranker.rerank(LONG);
        reranker.dispose();
        await rejects(last, "disposed");
        await untilNoneLives(alive);
      }),
  },
  {
    name: "split over workers: parts killed at random are loaded again, and every document is ranked once, and right",
    run: (context) =>
      withWorkers(context, async (alive) => {
        const reranker = await context.loadFrom("tiny_int8", { workers: 2, ...SPLIT });
        const documents = documentsOf(12);
        const expected = (await reranker.rerank({ query: QUERY, documents })).results;
        const next = random(20261125);
        let kills = 0;
        for (let call = 0; call < CALLS; call++) {
          let done = 0;
          let victim;
          const pending = reranker.rerank({ query: QUERY, documents, onProgress: () => done++ });
          if (next() < 0.2 && alive.size > 0) {
            if (next() < 0.7) await sleep(next() * 5);
            victim = pickOne(alive, next());
            victim?.terminate();
            kills++;
          }
          same((await pending).results, expected, `call ${call}`);
          // Of two deaths that are told of in one call the second is its end.
          await until(() => !alive.has(victim), "the victim is gone");
          equal(done, documents.length, `documents told of in call ${call}`);
        }
        await killAll(alive);
        same((await reranker.rerank({ query: QUERY, documents })).results, expected, "results after all idle parts died");
        reranker.dispose();
        return `${kills} kills in ${CALLS} calls`;
      }),
  },
  {
    name: "a large word table is left in the cache: the same scores, and fetched again where the cache lost it",
    async run({ runtime, faulty, load, url, deleteCached }) {
      const files = { model: `${faulty}/plain/${Date.now().toString(36)}/${TABLED}`, tokenizer: `${faulty}/plain/${Date.now().toString(36)}/tokenizer.json` };
      const request = { query: QUERY, documents: documentsOf(12) };
      const resident = await load({ model: url(`models/${TABLED}`), tokenizer: url("models/tokenizer.json"), workers: 1 });
      const expected = (await resident.rerank(request)).results;
      resident.dispose();
      const notes = [];
      // First as it is downloaded, then out of the cache.
      for (const options of [{ workers: 1 }, { workers: 1 }, { workers: 2, ...SPLIT }]) {
        const reranker = await load({ ...files, cache: "require", ...options });
        isNoted(reranker, /^word table: \d+ rows left in the cache/);
        notes.push(reranker.plan.notes.find((/** @type {string} */ it) => it.startsWith("memory: ")));
        // Before a row was read: the worker ends, and its like fetches the file again.
        if (options.maxMemoryBytes) await deleteCached(files.model);
        same((await reranker.rerank(request)).results, expected, JSON.stringify(options));
        reranker.dispose();
      }
      return `${runtime}: ${notes.filter(Boolean).join("; ")}`;
    },
  },
];

export const cases = all.map((it) => ({ not: /** @type {const} */ (["workerd"]), ...it }));
