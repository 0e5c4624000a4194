// @ts-check
// A document of 32,768 tokens on one thread: it ranks, says how far it is, stays interruptible, and says which window won.

import { equal, ok, rejects, same } from "../expect.mjs";

const MODEL = "models/tiny_int8.onnx";
/** One token each, in the small vocabulary. */
const WORDS = ["the", "window", "is", "open"];
const TOKENS = 32_768;
/** What design/engine.md says of BCEmbedding's windows at 512 tokens: stride 428 or so, hence not more than these. */
const MOST_WINDOWS = 90;

const long = Array.from({ length: TOKENS }, (_, at) => WORDS[at % WORDS.length]).join(" ");
const query = "Why is the window open?";

/**
 * Each window of document `index`, told once and in order; how many there are.
 * @param {any[]} seen @param {number} index
 */
export function windowsOf(seen, index) {
  const windows = seen.map((it) => it.windows).filter((it) => it?.index === index);
  const total = windows[0]?.total;
  ok(total > 1, `windows of documents[${index}], not ${total}`);
  same(windows, Array.from({ length: total }, (_, done) => ({ index, done, total })), "windows");
  return total;
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "a document of 32,768 tokens ranks on one thread, with progress, and its best window is told",
    once: true,
    async run({ load, url }) {
      const reranker = await load({ model: url(MODEL), workers: 0 });
      /** @type {any[]} */
      const seen = [];
      const { results } = await reranker.rerank({ query, documents: ["Open it.", long, "The invoice."], onProgress: (/** @type {any} */ p) => seen.push(p) });
      same(seen.at(-1), { done: 3, total: 3 }, "the last report");
      ok(seen.every(({ done }, at) => at === 0 || done >= seen[at - 1].done), "documents only grow");
      windowsOf(seen, 1);
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
    name: "progress within a long document: each window on a worker too; a report that throws ends its own call, and the next call ranks",
    async run({ load, url }) {
      const reranker = await load({ model: url(MODEL), workers: 1 });
      const request = { query, documents: ["Open it.", WORDS.join(" ").repeat(500)] };
      /** @type {any[]} */
      const seen = [];
      await reranker.rerank({ ...request, onProgress: (/** @type {any} */ p) => seen.push(p) });
      const total = windowsOf(seen, 1);
      const boom = new Error("mine");
      let reports = 0;
      const onProgress = (/** @type {any} */ { windows }) => {
        reports++;
        if (windows?.done === 1) throw boom;
      };
      equal((await rejects(reranker.rerank({ ...request, onProgress }), "invalid_request", /^onProgress: /)).cause, boom, "cause");
      // The long one comes first.
      equal(reports, 2, "reports until then");
      const capped = await reranker.rerank({ ...request, maxChunksPerDoc: 1, onProgress: (/** @type {any} */ p) => ok(!p.windows, "no windows of a document of one") });
      equal(capped.results.length, 2, "results of the next call");
      ok(total > 2 && total < MOST_WINDOWS, `some windows, not ${total}`);
      reranker.dispose();
    },
  },
  {
    name: "half a surrogate pair is a replacement character: the same score, and spans that slice the caller's own string",
    async run({ load, url }) {
      const reranker = await load({ model: url(MODEL), workers: 0, scores: "raw" });
      const halves = ["\ud83d", "\udd25 \ud83d", "\ud83d\ud83d\ude80\udd25"].map((half) => `${WORDS.join(" ")} ${half} 😀 `.repeat(200));
      const replaced = halves.map((text) => new TextDecoder().decode(new TextEncoder().encode(text)));
      const ranked = async (/** @type {string[]} */ documents) => (await reranker.rerank({ query, documents, returnDocuments: false })).results;
      const [ours, theirs] = [await ranked(halves), await ranked(replaced)];
      same(ours, theirs, "results");
      for (const { index, window } of ours) {
        const isWithinPair = (/** @type {number} */ at) => /^[\ud800-\udbff][\udc00-\udfff]$/.test(halves[index].slice(at - 1, at + 1));
        ok(!isWithinPair(window.start) && !isWithinPair(window.end), `a span of whole characters, not ${window.start} to ${window.end}`);
      }
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
      const within = new AbortController();
      let windows = 0;
      const onProgress = (/** @type {any} */ p) => {
        windows = p.windows.done;
        if (windows === 3) within.abort();
      };
      await rejects(reranker.rerank({ query, documents: [long], signal: within.signal, onProgress }), "aborted");
      equal(windows, 3, "windows when it ended");
      equal((await reranker.rerank({ query, documents: ["Open it."] })).results.length, 1, "results afterwards");
      reranker.dispose();
    },
  },
];
