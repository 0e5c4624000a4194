// @ts-check
// A service for the adapters to rank with: it scores by how many words of the query a document has, and keeps what it was sent.

import { RemoteReranker } from "rerank-wasm/remote";

/** @param {(() => Response | undefined)[]} [first] replies that come before all is well */
export function service(first = []) {
  /** @type {any[]} */
  const sent = [];
  const fetch = async (/** @type {any} */ _, /** @type {any} */ init) => {
    const body = JSON.parse(init.body);
    sent.push({ ...body, headers: new Headers(init.headers) });
    const planned = first.shift()?.();
    if (planned) return planned;
    const words = body.query.toLowerCase().split(/\W+/);
    const score = (/** @type {string} */ text) => words.filter((/** @type {string} */ word) => text.toLowerCase().includes(word)).length / words.length;
    const results = body.documents.map((/** @type {string} */ text, /** @type {number} */ index) => ({ index, relevance_score: score(text) }));
    results.sort((/** @type {any} */ a, /** @type {any} */ b) => b.relevance_score - a.relevance_score);
    return Response.json({ results: results.slice(0, body.top_n), usage: { prompt_tokens: 7, completion_tokens: 0, total_tokens: 7 } });
  };
  return { sent, reranker: new RemoteReranker({ provider: "dmxapi", apiKey: "sk-adapter", fetch }) };
}

export const QUERY = "open window morning";
export const TEXTS = ["The invoice is paid.", "Open the window in the morning.", "A window of glass."];
