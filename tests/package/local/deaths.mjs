// @ts-check
// Workers that die: while they load, while they rank, while they have nothing to do.

import { equal, ok, rejects, same } from "../expect.mjs";
import { filesOf } from "./cache.mjs";
import { LONG, QUERY, SHORT, documentsOf, killAll, pickOne, random, sleep, until, untilNoneLives, withWorkers } from "./workers.mjs";

/** Calls in the test of random kills: issue 8 asks for 500, and one runtime has them on every run. */
const CALLS = 500;
const FEWER_CALLS = 100;

/** @type {readonly import("../context.mjs").Case[]} */
const all = [
  {
    name: "a worker that dies is replaced and its documents are scored again; a second death in a call is internal",
    run: (context) =>
      withWorkers(context, async (alive) => {
        const reranker = await context.loadFrom("tiny_fp32", { workers: 2 });
        const expected = (await reranker.rerank(SHORT)).results;
        const killed = reranker.rerank({ ...LONG, documents: LONG.documents.slice(0, 20) });
        await sleep(20);
        pickOne(alive, 0).terminate();
        equal((await killed).results.length, 20, "results after one death");
        let isOver = false;
        const hunted = reranker.rerank(LONG).finally(() => (isOver = true));
        const hunt = (async () => {
          while (!isOver) {
            for (const worker of [...alive]) worker.terminate();
            await sleep(100);
          }
        })();
        await rejects(hunted, "internal");
        await hunt;
        same((await reranker.rerank(SHORT)).results, expected, "results after both were replaced");
        await killAll(alive);
        same((await reranker.rerank(SHORT)).results, expected, "results after idle workers died");
        reranker.dispose();
      }),
  },
  {
    name: "workers that die while they load are replaced once; of a stream, which has no second beginning, that is internal",
    run: (context) =>
      withWorkers(context, async (alive) => {
        const kill = () => [...alive].forEach((it) => it.terminate());
        const expected = (await (await context.loadFrom("tiny_int8", { workers: 0 })).rerank(SHORT)).results;
        for (const options of [{ workers: 1 }, { workers: 2 }, { workers: 2, maxMemoryBytes: 1 }]) {
          for (const phase of ["start", "download", "build"]) {
            let isOver = false;
            const onProgress = (/** @type {{ phase: string }} */ progress) => {
              if (!isOver && progress.phase === phase) kill();
              isOver ||= progress.phase === phase;
            };
            const loading = context.loadFrom("tiny_int8", { ...options, onProgress });
            while (phase === "start" && alive.size === 0) await sleep(1);
            if (phase === "start") kill();
            const reranker = await loading;
            same((await reranker.rerank(SHORT)).results, expected, `${JSON.stringify(options)}, killed during ${phase}`);
            reranker.dispose();
            await untilNoneLives(alive);
          }
        }
        const model = new Blob([await context.bytes("models/tiny_int8.onnx")]).stream();
        await rejects(context.load({ model, tokenizer: context.url("models/tokenizer.json"), workers: 1, onProgress: kill }), "internal", /killed/);
        await rejects(context.loadFrom("tiny_int8", { workers: 1, onProgress: kill }), "internal", /killed/);
        await untilNoneLives(alive);
      }),
  },
  {
    name: "a worker is not replaced by one with other weights: checksum_mismatch once no other lives, and the file is not asked for again",
    run: (context) =>
      withWorkers(context, async (alive) => {
        for (const options of [{}, { maxMemoryBytes: 1 }, { cache: "require" }]) {
          // A server that tells versions, and one that does not; its file would come out of the cache, and be the old one.
          for (const mode of options.cache ? ["plain"] : ["plain", "no-version"]) {
            const what = `${JSON.stringify(options)}, ${mode}`;
            const { model, tokenizer, gets, set } = filesOf(context, mode);
            const load = () => context.load({ model, tokenizer, workers: 2, ...options });
            const reranker = await load();
            const expected = (await reranker.rerank(SHORT)).results;
            await set("other");
            pickOne(alive, 0).terminate();
            // A copy is left, or no more than a part.
            if (!options.maxMemoryBytes) same((await reranker.rerank(SHORT)).results, expected, what);
            for (const worker of [...alive]) worker.terminate();
            await rejects(reranker.rerank(SHORT), "checksum_mismatch", /^model: .*changed/);
            const asked = (await gets()).length;
            await rejects(reranker.rerank(SHORT), "checksum_mismatch");
            equal((await gets()).length, asked, `GETs, ${what}`);
            reranker.dispose();
            const again = await load();
            equal((await again.rerank(SHORT)).results.length, 2, `results of the new file, ${what}`);
            again.dispose();
          }
        }
      }),
  },
  {
    name: "workers killed at random during hundreds of calls: each ranks every document once, and right",
    once: true,
    run: (context) =>
      withWorkers(context, async (alive) => {
        const reranker = await context.loadFrom("tiny_int8", { workers: 2 });
        const calls = context.runtime === "node" || context.full ? CALLS : FEWER_CALLS;
        const documents = documentsOf(24);
        const expected = (await reranker.rerank({ query: QUERY, documents })).results;
        const next = random(20261124);
        let kills = 0;
        for (let call = 0; call < calls; call++) {
          const from = Math.floor(next() * 20);
          const count = 1 + Math.floor(next() * 4);
          const part = documents.slice(from, from + count);
          let done = 0;
          let victim;
          const pending = reranker.rerank({ query: QUERY, documents: part, onProgress: () => done++ });
          if (next() < 0.1 && alive.size > 0) {
            if (next() < 0.7) await sleep(next() * 3);
            victim = pickOne(alive, next());
            victim?.terminate();
            kills++;
          }
          const { results } = await pending;
          // Of two deaths that are told of in one call the second is its end.
          await until(() => !alive.has(victim), "the victim is gone");
          const wanted = expected.filter(({ index }) => index >= from && index < from + count).map((it) => ({ ...it, index: it.index - from }));
          same(results, wanted, `call ${call}`);
          equal(done, part.length, `documents told of in call ${call}`);
        }
        ok(kills > calls / 20, `kills: ${kills}`);
        reranker.dispose();
        return `${kills} kills in ${calls} calls`;
      }),
  },
];

export const cases = all.map((it) => ({ not: /** @type {const} */ (["workerd"]), ...it }));
