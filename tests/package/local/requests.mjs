// @ts-check
// What a request says and what comes back, on the tiny model: its scores mean nothing, but they are real.

import { equal, errorOf, near, ok, rejects, same } from "../expect.mjs";

const SENTENCE = "The weather was sunny and the garden path was dry, so the runner went out early. ";
/** Documents of different scores. */
const DOCUMENTS = ["The weather was sunny.", "The invoice must be paid.", "Open the windows in the morning.", "The king slept.", "Glass is made of sand."];
const QUERY = "Why is the window open?";

/** @param {any} response */
const scoresByIndex = (response) => response.results.map((/** @type {any} */ it) => [it.index, it.relevanceScore]).sort((/** @type {any} */ a, /** @type {any} */ b) => a[0] - b[0]);

/** @param {(reranker: any, context: import("../context.mjs").Context) => Promise<string | void>} run @param {object} [options] */
const withTiny = (run, options) => async (/** @type {import("../context.mjs").Context} */ context) => {
  const reranker = await context.loadFrom("tiny_int8", options);
  try {
    return await run(reranker, context);
  } finally {
    reranker.dispose();
  }
};

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "results are best first and carry the caller's own documents",
    run: withTiny(async (reranker) => {
      class Page {
        get text() {
          return DOCUMENTS[1];
        }
      }
      const documents = Object.freeze([DOCUMENTS[0], new Page(), Object.freeze({ text: DOCUMENTS[2], id: 7n }), Object.assign(Object.create(null), { text: DOCUMENTS[3] })]);
      const { results, model, provider, warnings } = await reranker.rerank({ query: QUERY, documents });
      equal(results.length, 4, "results");
      for (const { index, document } of results) equal(document, documents[index], `document ${index}`);
      for (let at = 1; at < results.length; at++) ok(results[at - 1].relevanceScore >= results[at].relevanceScore, "best first");
      same([model, provider, warnings], ["tiny_int8.onnx", "local", []], "model, provider, warnings");
    }),
  },
  {
    name: "returnDocuments, topN, and ties in request order",
    run: withTiny(async (reranker) => {
      const documents = [DOCUMENTS[1], DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[1]];
      const all = (await reranker.rerank({ query: QUERY, documents })).results;
      const tied = all.filter((/** @type {any} */ it) => it.index !== 1).map((/** @type {any} */ it) => it.index);
      same(tied, [0, 2, 3], "ties");
      for (const topN of [1, 3, 4, 99]) {
        const { results } = await reranker.rerank({ query: QUERY, documents, topN, returnDocuments: false });
        same(results, all.slice(0, topN).map((/** @type {any} */ it) => ({ index: it.index, relevanceScore: it.relevanceScore })), `topN ${topN}`);
        ok(results.every((/** @type {any} */ it) => !("document" in it)), "no documents");
      }
    }),
  },
  {
    name: "[] ranks to [] after validation",
    run: withTiny(async (reranker) => {
      same((await reranker.rerank({ query: QUERY, documents: [] })).results, [], "results");
      await rejects(reranker.rerank({ query: " ", documents: [] }), "invalid_request", /^query: /);
      await rejects(reranker.rerank({ query: QUERY, documents: [], topN: 0 }), "invalid_request", /^topN: /);
    }),
  },
  {
    name: "a document's score depends on nothing but the pair; calls at once do not mix",
    run: withTiny(async (reranker) => {
      const alone = [];
      for (const document of DOCUMENTS) alone.push((await reranker.rerank({ query: QUERY, documents: [document] })).results[0].relevanceScore);
      const orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 2, 0], [1, 4]];
      const responses = await Promise.all(orders.map((order) => reranker.rerank({ query: QUERY, documents: order.map((at) => DOCUMENTS[at]) })));
      for (const [call, order] of orders.entries()) {
        for (const [index, score] of scoresByIndex(responses[call])) equal(score, alone[order[index]], `call ${call}, document ${index}`);
      }
    }),
  },
  {
    name: "sigmoid is of the raw logit",
    async run({ loadFrom }) {
      const [sigmoid, raw] = await Promise.all([undefined, "raw"].map(async (scores) => {
        const reranker = await loadFrom("tiny_int8", { scores });
        const response = await reranker.rerank({ query: QUERY, documents: DOCUMENTS });
        reranker.dispose();
        return scoresByIndex(response);
      }));
      for (const [index, logit] of raw) near(sigmoid[index][1], 1 / (1 + Math.exp(-logit)), 1e-6, `document ${index}`);
    },
  },
  {
    name: "a long document is read in windows, the best of which counts and is named",
    run: withTiny(async (reranker) => {
      const document = `😀 ${SENTENCE.repeat(60)}`;
      const score = async (/** @type {object} */ options = {}) => (await reranker.rerank({ query: QUERY, documents: [document], ...options })).results[0];
      const first = await score({ maxChunksPerDoc: 1 });
      same([first.window.index, first.window.start], [0, 0], "the first window");
      let best = first;
      for (const maxChunksPerDoc of [2, 3, 99]) {
        const found = await score({ maxChunksPerDoc });
        ok(found.relevanceScore >= best.relevanceScore, "more windows never lower a score");
        best = found;
      }
      same(await score(), best, "no cap");
      const { start, end } = best.window;
      ok(start >= 0 && start < end && end <= document.length, `a span within the document, not ${start} to ${end}`);
      const apart = await score({ overlapTokens: 0 });
      ok(apart.window.end - apart.window.start > 0, "a span without overlap");
      equal((await reranker.rerank({ query: QUERY, documents: [SENTENCE] })).results[0].window, undefined, "window of a short document");
    }),
  },
  {
    name: "document.slice(start, end) shows where the answer stands",
    async run({ loadDefault }) {
      const reranker = await loadDefault("sigmoid");
      const answer = "Ulaanbaatar is the capital and the largest city of Mongolia.";
      // Two code units each before the answer: an offset in bytes or characters would miss it.
      const around = "🏇 Capital gains are taxed when the shares are sold. ".repeat(45);
      const document = `${around}${answer} ${around}`;
      const { results: [{ window }] } = await reranker.rerank({ query: "What is the capital of Mongolia?", documents: [document] });
      ok(window.index > 0, "not the first window");
      ok(document.slice(window.start, window.end).includes(answer), `the answer in ${window.start} to ${window.end}, it stands at ${document.indexOf(answer)}`);
    },
  },
  {
    name: "longDocuments: \"truncate\" reads the beginning alone",
    run: withTiny(
      async (reranker) => {
        const [long, longer] = [SENTENCE.repeat(60), SENTENCE.repeat(90)];
        const { results } = await reranker.rerank({ query: QUERY, documents: [long, longer] });
        equal(results[0].relevanceScore, results[1].relevanceScore, "scores");
        equal(results[0].window, undefined, "window");
      },
      { longDocuments: "truncate" },
    ),
  },
  {
    name: "onProgress of a call counts documents up to all of them; one that throws ends its own call only",
    run: withTiny(async (reranker) => {
      /** @type {any[]} */
      const seen = [];
      const bystander = reranker.rerank({ query: QUERY, documents: DOCUMENTS });
      await reranker.rerank({ query: QUERY, documents: DOCUMENTS, onProgress: (/** @type {any} */ p) => seen.push(p) });
      same(seen.at(-1), { done: 5, total: 5 }, "the last report");
      for (let at = 1; at < seen.length; at++) ok(seen[at].done > seen[at - 1].done, "done grows");
      const boom = new Error("mine");
      const onProgress = () => {
        throw boom;
      };
      const error = await rejects(reranker.rerank({ query: QUERY, documents: DOCUMENTS, onProgress }), "invalid_request", /^onProgress: /);
      equal(error.cause, boom, "cause");
      equal((await bystander).results.length, 5, "the other call");
    }),
  },
  {
    name: "reads the request once; what the caller changes later changes nothing; a getter's own error is the caller's",
    run: withTiny(async (reranker) => {
      let reads = 0;
      const counted = { get text() { reads++; return DOCUMENTS[0]; } };
      const documents = [counted, DOCUMENTS[1]];
      const pending = reranker.rerank({ query: QUERY, documents });
      documents.length = 0;
      equal((await pending).results.length, 2, "results");
      equal(reads, 1, "reads of text");
      const mine = new TypeError("mine");
      const throwing = { get text() { throw mine; } };
      equal(await errorOf(reranker.rerank({ query: QUERY, documents: [throwing] })), mine, "the getter's error");
      equal(await errorOf(reranker.rerank({ get query() { throw mine; }, documents: [] })), mine, "the getter's error");
    }),
  },
  {
    name: "nasty documents are ranked",
    run: withTiny(async (reranker) => {
      const documents = [
        "\ud83d lone surrogate", "lone \udc00", "a\0b\0", "👩‍👩‍👧‍👦🏳️‍🌈".repeat(50), "\u200b\u200d\ufeff", "\u202e reversed", "e\u0301".repeat(300), "\uffff\ufffe", "-", "[SEP] [CLS] </s> <s>",
        "ａｂｃ ﷽ ㍿", "x".repeat(1 << 20), "字".repeat(20000),
      ];
      const { results } = await reranker.rerank({ query: "\ud800 query 👩‍🚀\0", documents, maxChunksPerDoc: 1 });
      equal(results.length, documents.length, "results");
      for (const { index, relevanceScore, document, window } of results) {
        ok(Number.isFinite(relevanceScore), `a score of document ${index}`);
        equal(document, documents[index], `document ${index}`);
        if (window) ok(window.end <= documents[index].length, `a span within document ${index}`);
      }
      const { results: [long] } = await reranker.rerank({ query: "word ".repeat(5000), documents: [DOCUMENTS[0]] });
      ok(Number.isFinite(long.relevanceScore), "a score for an endless query");
    }),
  },
  {
    name: "a pair without a token is refused by the number of its document",
    async run({ load, url, bytes }) {
      const tokenizer = { ...JSON.parse(new TextDecoder().decode(await bytes("models/tokenizer.json"))), post_processor: null };
      for (const workers of [0, 2]) {
        const reranker = await load({ model: url("models/tiny_int8.onnx"), tokenizer, workers });
        // Blank it is not, and BERT's normalizer drops it.
        const error = await rejects(reranker.rerank({ query: "\u200b", documents: ["a longer one", "b", "\u200b"] }), "invalid_request", /^documents\[2\]: expected a token/);
        equal(error.index, 2, "index");
        reranker.dispose();
      }
    },
  },
  {
    name: "nasty documents are ranked by the default model",
    async run({ loadDefault }) {
      const documents = ["\ud83d", "a\0b", "👩‍👩‍👧‍👦🏳️‍🌈", "\u200b", "<mask></s><s>", "x".repeat(1 << 19), "\u3000a\u2028b"];
      const { results } = await (await loadDefault("sigmoid")).rerank({ query: "\udfff?", documents, maxChunksPerDoc: 1 });
      same(results.map((/** @type {any} */ it) => it.index).sort(), [0, 1, 2, 3, 4, 5, 6], "results");
    },
  },
];
