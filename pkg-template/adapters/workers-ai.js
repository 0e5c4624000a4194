// @ts-check
// Cloudflare Workers AI as a reranker, over the binding of a Worker: no key, no address, no bytes of wasm.

import { disposable } from "../dispose.js";
import { RerankError, abortedBy, disposed, invalidRequest } from "../error.js";
import { attachDocuments, checkNumber, readRequest, typeName } from "../request.js";
import { LONGEST_TIMER_MS } from "../timer.js";

export { RerankError, isRerankError } from "../error.js";

const DEFAULT_MODEL = "@cf/baai/bge-reranker-base";
/** Options that the binding has no field for. */
const UNSUPPORTED = /** @type {const} */ (["maxChunksPerDoc", "overlapTokens", "user"]);

/**
 * Cloudflare's error numbers, which its messages begin with; others are its own trouble.
 * https://developers.cloudflare.com/workers-ai/platform/errors/ @type {Record<number, { code: string, retryable: boolean }>}
 */
const FAILURES = {
  3003: { code: "invalid_request", retryable: false },
  3006: { code: "too_long", retryable: false },
  3007: { code: "timeout", retryable: true },
  3008: { code: "timeout", retryable: true },
  3023: { code: "forbidden", retryable: false },
  3036: { code: "quota_exhausted", retryable: false },
  3040: { code: "rate_limited", retryable: true },
  3041: { code: "forbidden", retryable: false },
  3042: { code: "not_found", retryable: false },
  5004: { code: "invalid_request", retryable: false },
  5007: { code: "not_found", retryable: false },
  5018: { code: "forbidden", retryable: false },
};

export class WorkersAiReranker {
  /** @type {any} */
  #binding;
  /** @type {string} */
  #model;
  #isDisposed = false;
  /** Rejects each call under way. @type {Set<(error: RerankError) => void>} */
  #pending = new Set();

  /** @param {any} options */
  constructor(options) {
    const { binding, model = DEFAULT_MODEL } = options ?? {};
    if (typeof binding?.run !== "function") throw invalidRequest(`binding: expected the AI binding of a Worker, found ${typeName(binding)}`);
    if (typeof model !== "string" || model === "") throw invalidRequest(`model: expected a name, found ${model === "" ? "an empty string" : typeName(model)}`);
    this.#binding = binding;
    this.#model = model;
  }

  /** @param {any} request */
  async rerank(request) {
    if (this.#isDisposed) throw disposed();
    const { plain, call, documents } = readRequest(request);
    checkTexts(plain);
    checkNumber("topN", plain.topN, { least: 1, whole: true });
    const warnings = UNSUPPORTED.filter((name) => plain[name] !== undefined).map((name) => ({ code: "unsupported_option", message: `${name}: Workers AI has no field for it` }));
    const scored = documents.length === 0 ? [] : readReply(await this.#ask(plain, call), documents.length).slice(0, plain.topN);
    call.onProgress?.({ done: documents.length, total: documents.length });
    return { results: attachDocuments(scored, documents, plain.returnDocuments, call), model: this.#model, provider: "workers-ai", warnings };
  }

  /** @param {any} plain @param {Record<string, any>} call @returns {Promise<any>} */
  async #ask({ query, documents }, { signal, timeoutMs }) {
    if (signal?.aborted) throw abortedBy(signal);
    /** @type {(() => void)[]} */
    const undo = [];
    // The binding takes no signal: what it still answers is nobody's.
    const ended = new Promise((_, reject) => {
      this.#pending.add(reject);
      undo.push(() => this.#pending.delete(reject));
      const onAbort = () => reject(abortedBy(signal));
      signal?.addEventListener("abort", onAbort, { once: true });
      undo.push(() => signal?.removeEventListener("abort", onAbort));
      if (timeoutMs === undefined) return;
      const late = new RerankError("timeout", `no ranking within timeoutMs = ${timeoutMs} ms`, { retryable: true });
      const timer = setTimeout(() => reject(late), Math.min(timeoutMs, LONGEST_TIMER_MS));
      undo.push(() => clearTimeout(timer));
    });
    const contexts = documents.map((/** @type {string} */ text) => ({ text }));
    const run = async () => this.#binding.run(this.#model, { query, contexts });
    try {
      return await Promise.race([ended, run().catch(fail)]);
    } finally {
      for (const step of undo) step();
    }
  }

  dispose() {
    this.#isDisposed = true;
    for (const reject of this.#pending) reject(disposed());
  }
}

disposable(WorkersAiReranker.prototype);

/** @param {Record<string, any>} plain */
function checkTexts({ query, documents }) {
  if (typeof query !== "string") throw invalidRequest(`query: expected a string, found ${typeName(query)}`);
  if (query.trim() === "") throw invalidRequest("query: expected some text, found none");
  const index = documents.findIndex((/** @type {string} */ text) => text.trim() === "");
  if (index < 0) return;
  throw new RerankError("invalid_request", `documents[${index}]: expected some text, found none; leave empty documents out`, { index });
}

/** Logits of each document once, as scores from 0 to 1, best first. @param {any} reply @param {number} count */
function readReply(reply, count) {
  const entries = reply?.response;
  const isRight = (/** @type {any} */ it) => Number.isInteger(it?.id) && it.id >= 0 && it.id < count && Number.isFinite(it.score);
  if (!Array.isArray(entries) || entries.length !== count || !entries.every(isRight) || new Set(entries.map(({ id }) => id)).size !== count) {
    throw new RerankError("bad_response", `Workers AI: expected a score of each of ${count} documents, found something else`);
  }
  const scored = entries.map(({ id, score }) => ({ index: id, relevanceScore: 1 / (1 + Math.exp(-score)) }));
  return scored.sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
}

/** An error of the binding by its number; its words may repeat the input and go no further. @param {unknown} cause @returns {never} */
function fail(cause) {
  const number = Number(/^(?:\w+: )?(\d{4})\b/.exec(String(/** @type {any} */ (cause)?.message))?.[1]);
  const { code, retryable } = FAILURES[number] ?? { code: "provider_unavailable", retryable: true };
  const said = Number.isNaN(number) ? "" : ` with ${number}`;
  throw new RerankError(code, `Workers AI failed${said}`, { retryable, ...(said ? { providerCode: number } : {}) });
}
