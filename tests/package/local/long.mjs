// @ts-check
// A document of 32,768 tokens on one thread: it ranks, says how far it is, stays interruptible, and says which window won.

import { equal, ok, rejects } from "../expect.mjs";

const MODEL = "models/tiny_int8.onnx";
/** One token each, in the small vocabulary. */
const WORDS = ["the", "window", "is", "open"];
const TOKENS = 32_768;
/** What design/engine.md says of BCEmbedding's windows at 512 tokens: stride 428 or so, hence not more than these. */
const MOST_WINDOWS = 90;

const long = Array.from({ length: TOKENS }, (_, at) => WORDS[at % WORDS.length]).join(" ");
const query = "Why is the window open?";

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "a document of 32,768 tokens ranks on one thread, with progress, and its best window is told",
    once: true,
    async run({ load, url }) {
      const reranker = await load({ model: url(MODEL), workers: 0 });
      /** @type {number[]} */
      const seen = [];
      const { results } = await reranker.rerank({ query, documents: ["Open it.", long, "The invoice."], onProgress: (/** @type {any} */ p) => seen.push(p.done) });
      equal(seen.at(-1), 3, "documents done");
      ok(seen.every((done, at) => at === 0 || done >= seen[at - 1]), `progress that only grows, not ${seen}`);
      const { window } = results.find((/** @type {any} */ it) => it.index === 1);
      ok(window.index >= 0 && window.index < MOST_WINDOWS, `a window below ${MOST_WINDOWS}, not ${window.index}`);
      const words = long.slice(window.start, window.end).split(" ");
      ok(words.every((word) => WORDS.includes(word)), `whole words, not ${words[0]} … ${words.at(-1)}`);
      ok(words.length > 100 && words.length < 512, `a window's worth of words, not ${words.length}`);
      const first = await reranker.rerank({ query, documents: [long], maxChunksPerDoc: 1 });
      equal(first.results[0].window.index, 0, "the only window");
      reranker.dispose();
    },
  },
  {
    name: "a document of 32,768 tokens can be aborted between its windows, and the next call ranks",
    async run({ load, url }) {
      const reranker = await load({ model: url(MODEL), workers: 0 });
      const stop = new AbortController();
      let done = 0;
      const ranking = reranker.rerank({ query, documents: [long, long, long, long], signal: stop.signal, onProgress: (/** @type {any} */ p) => (done = p.done) });
      // A timer fires while it ranks only if it pauses between windows.
      setTimeout(() => stop.abort(), 1);
      await rejects(ranking, "aborted");
      ok(done < 4, `it ended before the end, not after ${done}`);
      equal((await reranker.rerank({ query, documents: ["Open it."] })).results.length, 1, "results afterwards");
      reranker.dispose();
    },
  },
];
