// @ts-check
// The server side of a page that ranks by a service: one fixed service, its keys, and whoever `authorize` lets through.
//
// What arrives is DMXAPI's or Qianfan's request; what leaves is a ranking by RemoteReranker in the shape that both read, or an
// error that RemoteReranker in the page makes the very same RerankError of (src/remote/relayed.rs).

import { RerankError, invalidRequest, isRerankError } from "./error.js";
import { RemoteReranker } from "./remote.js";
import { checkNumber, pick, typeName } from "./request.js";

export { RerankError, isRerankError } from "./error.js";

/** Qianfan's 64 documents of 4096 characters, three bytes each, and room for the query. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Short ones fit in that by the ten thousand, and each 64 are a request that costs. */
const MAX_DOCUMENTS = 1000;
/** The APIs' name of a field → the package's. The model is not among them: who runs the proxy chooses what it costs. */
const FIELDS = {
  query: "query", documents: "documents", top_n: "topN", return_documents: "returnDocuments", max_chunks_per_doc: "maxChunksPerDoc",
  overlap_tokens: "overlapTokens", user: "user", user_id: "user",
};
/** What is wrong with a page's request begins with one of these. */
const ASKED = new Set([...Object.values(FIELDS), "body"]);
/** Where the service answered none that says it, or with success all the same. @type {Record<string, number>} */
const STATUSES = {
  invalid_request: 400, unauthorized: 401, forbidden: 403, not_found: 404, too_long: 413, quota_exhausted: 402, rate_limited: 429, aborted: 499,
  internal: 500, network: 502, bad_response: 502, provider_unavailable: 503, timeout: 504,
};
/** Headers of the service's that a page may see. */
const PASSED = ["retry-after", "retry-after-ms", "x-request-id", "x-oneapi-request-id", "x-baidu-request-id", "x-bce-request-id", "date"];
const RATE_LIMITS = ["limit", "remaining", "reset"].flatMap((what) => ["", "-requests", "-tokens"].map((end) => `x-ratelimit-${what}${end}`));
const EXPOSED = [...PASSED, ...RATE_LIMITS];

/** @param {any} options those of RemoteReranker, and who may ask @returns {(request: Request) => Promise<Response>} */
export function createProxy(options) {
  const { authorize, onError, allowOrigins = [], maxBodyBytes = MAX_BODY_BYTES, maxDocuments = MAX_DOCUMENTS, ...service } = options ?? {};
  for (const [name, value] of Object.entries({ authorize, onError })) {
    if (value !== undefined && typeof value !== "function") throw invalidRequest(`${name}: expected a function, found ${typeName(value)}`);
  }
  if (allowOrigins !== "*" && !(Array.isArray(allowOrigins) && allowOrigins.every((origin) => typeof origin === "string"))) {
    throw invalidRequest(`allowOrigins: expected "*" or an array of origins, found ${typeName(allowOrigins)}`);
  }
  checkNumber("maxBodyBytes", maxBodyBytes, { least: 1, whole: true });
  checkNumber("maxDocuments", maxDocuments, { least: 1, whole: true });
  // The page tries again, and it alone knows how long it is worth it.
  const reranker = new RemoteReranker({ maxRetries: 0, ...service });
  const origins = allowOrigins === "*" ? "*" : [...allowOrigins];
  return async (request) => {
    const origin = request.headers.get("origin");
    const cors = corsHeaders(origin, origins);
    if (origin && !cors && !isOwn(origin, request)) return failure(new RerankError("forbidden", "this origin may not ask; see allowOrigins"), 403);
    if (request.method === "OPTIONS") return preflight(request, cors);
    const reply = await answer(request, { reranker, authorize, onError, maxBodyBytes, maxDocuments });
    for (const [name, value] of Object.entries(cors ?? {})) reply.headers.set(name, value);
    return reply;
  };
}

/** @typedef {{ authorize?: (request: Request) => unknown, onError?: (error: unknown, request: Request) => unknown }} Callbacks */

/**
 * @param {Request} request
 * @param {{ reranker: RemoteReranker, maxBodyBytes: number, maxDocuments: number } & Callbacks} proxy
 */
async function answer(request, { reranker, authorize, onError, maxBodyBytes, maxDocuments }) {
  try {
    if (request.method !== "POST") return failure(invalidRequest(`expected POST, found ${request.method}`), 405, { allow: "POST, OPTIONS" });
    if (!(await mayAsk(request, authorize))) return failure(new RerankError("forbidden", "not allowed; see authorize"), 403);
    // What a form can send, another site can make a visitor send with cookies and no preflight.
    if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) return failure(invalidRequest("content-type: expected application/json"), 415);
    const body = await readBody(request, maxBodyBytes);
    if (body === undefined) return failure(new RerankError("too_long", `expected a body of at most ${maxBodyBytes} bytes, found more`), 413);
    const asked = readFields(body);
    const count = Array.isArray(asked.documents) ? asked.documents.length : 0;
    if (count > maxDocuments) return failure(new RerankError("too_long", `documents: expected at most ${maxDocuments}, found ${count}`), 413);
    return ranked(await reranker.rerank({ ...asked, signal: request.signal ?? undefined }), asked.returnDocuments === true);
  } catch (error) {
    if (isRerankError(error) && isOfPage(error)) return failure(error);
    // What it throws or rejects with is its own; the page is answered all the same.
    (async () => onError?.(error, request))().catch(() => {});
    const isOfService = isRerankError(error) && (error.code !== "invalid_request" || error.status !== undefined);
    return failure(isOfService ? error : new RerankError("internal", "a fault of the proxy; its onError hears more"));
  }
}

/** Not of the service, nor of the proxy's own options and secrets. @param {RerankError & { [field: string]: any }} error */
const isOfPage = ({ code, status, message }) =>
  code === "aborted" || (["invalid_request", "too_long"].includes(code) && status === undefined && ASKED.has(message.split(/\W/, 1)[0]));

/** Without `authorize` nobody may; it sees address and headers, the body stays unread. @param {Request} request @param {any} authorize */
async function mayAsk(request, authorize) {
  if (!authorize) return false;
  try {
    return (await authorize(new Request(request.url, { method: request.method, headers: request.headers }))) === true;
  } catch (cause) {
    throw new RerankError("internal", "authorize failed", { cause });
  }
}

/** @param {Request} request @param {number} most @returns {Promise<any>} `undefined`: too long */
async function readBody(request, most) {
  if (Number(request.headers.get("content-length")) > most) return undefined;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = request.body?.getReader();
  let [text, bytes] = ["", 0];
  try {
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      bytes += chunk.value.byteLength;
      if (bytes > most) {
        reader?.cancel().catch(() => {});
        return undefined;
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch {
    throw invalidRequest("body: expected JSON in UTF-8, found something else");
  }
}

/** The documented fields and no other; `null` means unset, as in most JSON APIs. @param {any} body @returns {any} */
function readFields(body) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw invalidRequest(`body: expected a JSON object, found ${typeName(body)}`);
  const names = Object.entries(FIELDS).filter(([theirs]) => Object.hasOwn(body, theirs) && body[theirs] !== null);
  return Object.fromEntries(names.map(([theirs, ours]) => [ours, body[theirs]]));
}

/** @param {any} response of RemoteReranker @param {boolean} withDocuments as the caller asked, the way DMXAPI writes them */
function ranked({ results, usage, warnings, response, ...rest }, withDocuments) {
  const echo = (/** @type {any} */ document) => (withDocuments ? { document: { text: document.text ?? document } } : {});
  const counted = usage && { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens, total_tokens: usage.totalTokens, ...usage.details };
  const body = {
    ...pick(rest, ["id", "model", "created"]),
    results: results.map((/** @type {any} */ { index, relevanceScore, document, window }) => ({ ...echo(document), index, relevance_score: relevanceScore, window })),
    usage: counted,
    warnings,
  };
  return Response.json(body, { headers: pick(response?.headers ?? {}, EXPOSED) });
}

/** @param {RerankError & { [field: string]: any }} error @param {number} [status] @param {Record<string, string>} [headers] */
function failure({ code, message, retryable, status: theirs, providerCode, requestId, retryAfterMs, index }, status, headers = {}) {
  const error = { type: "rerank_error", code, message, retryable, provider_code: providerCode, request_id: requestId, index };
  if (retryAfterMs !== undefined) Object.assign(headers, { "retry-after": `${Math.ceil(retryAfterMs / 1000)}`, "retry-after-ms": `${retryAfterMs}` });
  if (requestId !== undefined) headers["x-request-id"] = requestId;
  status ??= theirs !== undefined && theirs >= 400 ? theirs : (STATUSES[code] ?? 500);
  return Response.json({ error }, { status, headers });
}

/** @param {string | null} origin @param {"*" | string[]} allowed @returns {Record<string, string> | undefined} `undefined`: no other site may ask */
function corsHeaders(origin, allowed) {
  if (!origin || !(allowed === "*" || allowed.includes(origin))) return undefined;
  return { "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED.join(", "), vary: "Origin" };
}

/** Hosts only: before a proxy that ends TLS the scheme differs. @param {string} origin @param {Request} request */
const isOwn = (origin, request) => origin.replace(/^https?:\/\//, "") === new URL(request.url).host;

/** @param {Request} request @param {Record<string, string> | undefined} cors */
function preflight(request, cors) {
  const asked = request.headers.get("access-control-request-headers") ?? "";
  const allowed = /^[\w\-, ]{1,500}$/.test(asked) ? { "access-control-allow-headers": asked } : {};
  const headers = cors && { ...cors, ...allowed, "access-control-allow-methods": "POST", "access-control-max-age": "600" };
  return new Response(null, { status: 204, headers });
}
