// @ts-check
// A Cloudflare Worker: the demo page as static assets, and POST /api/rerank with DMXAPI's request and reply, ranked by
// the default model inside the isolate, or by a service where a secret of one is configured (service.js). Any client of that
// API works against it with another base URL.

import { LocalReranker, isRerankError } from "rerank-wasm/local";

import { serviceOf } from "./service.js";

/** Some hundred windows of text: what an isolate ranks in the CPU time it has. */
const MAX_BODY_BYTES = 256 * 1024;

/** The API's name of a field → the package's. */
const FIELDS = { top_n: "topN", max_chunks_per_doc: "maxChunksPerDoc", overlap_tokens: "overlapTokens" };

/** Errors of the caller's making, or of the moment; all others are ours: 500. @type {Record<string, number>} */
const STATUSES = { invalid_request: 400, too_long: 413, timeout: 504, out_of_memory: 503, network: 503 };

/** The model, loaded by the first request and shared by all. @type {Promise<LocalReranker> | undefined} */
let reranker;

/** A Worker's environment is the same for its whole life. @type {ReturnType<typeof serviceOf> | null} null: not asked yet */
let service = null;

export default {
  /**
   * @param {Request} request
   * @param {{ ASSETS: { fetch: typeof fetch } } & import("./service.js").ServiceEnv} env
   * @param {{ waitUntil: (promise: Promise<unknown>) => void }} context
   */
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== "/api/rerank") return asset(request, env);
    if (service === null) service = serviceOf(env, MAX_BODY_BYTES);
    if (service) return service(request);
    if (request.method !== "POST") return failure(405, `expected POST, found ${request.method}`, "method_not_allowed", { allow: "POST" });
    const body = await readBody(request);
    if (body === undefined) return failure(413, `expected a body of at most ${MAX_BODY_BYTES} bytes`, "too_long");
    try {
      const asked = parse(body);
      const ranked = await (await load(request, env, context)).rerank(asked);
      return Response.json(reply(ranked.results, asked.returnDocuments));
    } catch (error) {
      return explain(error);
    }
  },
};

/** @param {Request} request @param {{ ASSETS: { fetch: typeof fetch } }} env @param {{ waitUntil: (promise: Promise<unknown>) => void }} context */
function load(request, env, context) {
  if (!reranker) {
    const file = (/** @type {string} */ name) => asset(new Request(new URL(`/pkg-model/${name}`, request.url)), env);
    const loading = Promise.all([file("model_int8.onnx"), file("tokenizer.json")]).then(([model, tokenizer]) => LocalReranker.load({ model, tokenizer }));
    reranker = loading;
    // Others wait for it too: it must outlive a first caller who hangs up.
    context.waitUntil(loading.catch(forget));
  }
  return reranker;
}

/**
 * A static asset; one that was too large for that is joined from its parts, as assets.mjs cut it.
 * @param {Request} request @param {{ ASSETS: { fetch: typeof fetch } }} env
 */
async function asset(request, env) {
  const whole = await env.ASSETS.fetch(request);
  if (whole.status !== 404 || !request.url.endsWith(".onnx")) return whole;
  /** @type {Response[]} */
  const parts = [];
  for (;;) {
    const part = await env.ASSETS.fetch(`${request.url}.${parts.length}`, { method: request.method });
    if (!part.ok) break;
    parts.push(part);
  }
  return parts.length > 0 ? joined(parts) : whole;
}

/** @param {Response[]} parts */
function joined(parts) {
  const size = parts.reduce((sum, part) => sum + Number(part.headers.get("content-length")), 0);
  const { readable, writable } = new TransformStream();
  (async () => {
    for (const part of parts) await part.body?.pipeTo(writable, { preventClose: true });
    await writable.close();
  })().catch((error) => writable.abort(error).catch(() => {}));
  return new Response(readable, { headers: { "content-type": "application/octet-stream", "content-length": String(size) } });
}

/** The next request loads again. */
function forget() {
  reranker = undefined;
}

/** @param {string} body @returns {any} a request of the package */
function parse(body) {
  let sent;
  try {
    sent = JSON.parse(body);
  } catch {
    throw new BadField("", "expected a JSON object, found something else");
  }
  if (typeof sent !== "object" || sent === null || Array.isArray(sent)) throw new BadField("", "expected a JSON object, found something else");
  if (typeof sent.query !== "string") throw new BadField("query", "query: expected a string");
  if (!Array.isArray(sent.documents) || sent.documents.length === 0) throw new BadField("documents", "documents: expected an array of strings, not empty");
  const asked = { query: sent.query, documents: sent.documents, returnDocuments: sent.return_documents ?? true };
  if (typeof asked.returnDocuments !== "boolean") throw new BadField("return_documents", "return_documents: expected true or false");
  // null means unset, as in most JSON APIs.
  const numbers = Object.entries(FIELDS).map(([theirs, ours]) => [ours, number(theirs, sent[theirs] ?? undefined)]);
  return { ...asked, ...Object.fromEntries(numbers) };
}

/** @param {string} name @param {unknown} value */
function number(name, value) {
  if (value === undefined || typeof value === "number") return value;
  throw new BadField(name, `${name}: expected a number, found ${typeof value}`);
}

class BadField extends Error {
  /** @param {string} param @param {string} message */
  constructor(param, message) {
    super(message);
    this.param = param;
  }
}

/** @param {any[]} results @param {boolean} withDocuments */
function reply(results, withDocuments) {
  const echo = (/** @type {any} */ document) => (withDocuments ? { document: { text: document?.text ?? document } } : {});
  return {
    results: results.map(({ index, relevanceScore, document }) => ({ ...echo(document), index, relevance_score: relevanceScore })),
    // Nothing is billed here; clients expect the object.
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  };
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof BadField) return failure(400, error.message, "invalid_request", {}, error.param);
  if (!isRerankError(error)) return failure(500, "a fault of this Worker", "internal");
  // The model came as a stream and cannot be read again.
  if (error.code === "internal") forget();
  const [theirs, ours] = Object.entries(FIELDS).find(([, name]) => error.message.startsWith(`${name}:`)) ?? [];
  const message = theirs && ours ? error.message.replace(ours, theirs) : error.message;
  const param = error.code === "invalid_request" ? (/^\w+/.exec(message)?.[0] ?? "") : "";
  return failure(STATUSES[error.code] ?? 500, message, error.code, {}, param);
}

/** @param {number} status @param {string} message @param {string} code @param {Record<string, string>} [headers] @param {string} [param] */
function failure(status, message, code, headers = {}, param = "") {
  const type = status < 500 ? "invalid_request_error" : "server_error";
  return Response.json({ error: { message, type, param, code } }, { status, headers });
}

/** @param {Request} request @returns {Promise<string | undefined>} undefined: too long */
async function readBody(request) {
  if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) return undefined;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
