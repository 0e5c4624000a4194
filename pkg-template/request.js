// @ts-check
// Reads a caller's request once into plain data, and gives the caller's own documents back in the results.

import { RerankError, invalidRequest } from "./error.js";

/** What the engine reads, and of what type; ranges are Rust's to check. */
const PLAIN_FIELDS = { query: "string", topN: "number", maxChunksPerDoc: "number", overlapTokens: "number", returnDocuments: "boolean", user: "string" };
/** What stays on this side: how to run the call, and what of its results is wanted. */
const CALL_FIELDS = /** @type {const} */ (["signal", "timeoutMs", "maxRetries", "headers", "onProgress", "minScore", "minScoreRatio"]);

/**
 * @param {any} request the caller's, of any shape
 * @returns {{ plain: Record<string, any>, call: Record<string, any>, documents: readonly any[] }}
 *   `plain` structured-clones; `documents` are the caller's own objects
 */
export function readRequest(request) {
  if (typeof request !== "object" || request === null) {
    throw invalidRequest(`request: expected { query, documents }, found ${typeName(request)}`);
  }
  const list = request.documents;
  if (!Array.isArray(list)) throw invalidRequest(`documents: expected an array, found ${typeName(list)}`);
  if (request.rankFields !== undefined) throw invalidRequest("rankFields: reserved for a later version; leave it out");
  // A copy: the caller may change the array while the call runs.
  const documents = [...list];
  const fields = pick(request, Object.keys(PLAIN_FIELDS));
  checkTypes({ query: null, ...fields }, PLAIN_FIELDS);
  const plain = { ...fields, documents: documents.map(documentText) };
  const call = pick(request, CALL_FIELDS);
  checkCall(call);
  if (call.onProgress) call.onProgress = guarded(call.onProgress);
  return { plain, call, documents };
}

/**
 * @param {{ index: number, relevanceScore: number, window?: object }[]} scored best first
 * @param {readonly any[]} documents the caller's own
 * @param {boolean | undefined} returnDocuments
 * @param {{ minScore?: number, minScoreRatio?: number }} [thresholds]
 */
export function attachDocuments(scored, documents, returnDocuments, thresholds = {}) {
  const wanted = aboveThresholds(scored, thresholds);
  if (returnDocuments === false) return wanted;
  return wanted.map(({ index, relevanceScore, ...rest }) => ({ index, relevanceScore, document: documents[index], ...rest }));
}

/**
 * @template {{ relevanceScore: number }} S
 * @param {S[]} scored best first
 * @param {{ minScore?: number, minScoreRatio?: number }} thresholds
 */
function aboveThresholds(scored, { minScore = -Infinity, minScoreRatio = 0 }) {
  const best = scored[0]?.relevanceScore ?? 0;
  // A share of a negative number is above it: logits have no ratio. No share is none at all, not 0, which some are below.
  const least = best > 0 && minScoreRatio > 0 ? Math.max(minScore, best * minScoreRatio) : minScore;
  return scored.filter(({ relevanceScore }) => relevanceScore >= least);
}

/** @param {any} document @param {number} index */
function documentText(document, index) {
  if (typeof document === "string") return document;
  const text = typeof document === "object" && document !== null ? document.text : undefined;
  if (typeof text === "string") return text;
  const found = typeof document === "object" && document !== null ? `an object whose text is ${typeName(text)}` : typeName(document);
  throw new RerankError("invalid_request", `documents[${index}]: expected a string or { text: string }, found ${found}`, { index });
}

/** @param {Record<string, any>} call */
function checkCall({ signal, timeoutMs, maxRetries, onProgress, minScore, minScoreRatio }) {
  checkNumber("timeoutMs", timeoutMs, { above: 0 });
  checkNumber("maxRetries", maxRetries, { least: 0, whole: true });
  checkNumber("minScore", minScore, { least: -Infinity });
  checkNumber("minScoreRatio", minScoreRatio, { least: 0, most: 1 });
  checkHooks({ signal, onProgress });
}

/**
 * A caller's callback whose own error ends the call it belongs to, and is not taken for a fault of the engine.
 * @template P @param {(progress: P) => void} onProgress @returns {(progress: P) => void}
 */
export const guarded = (onProgress) => (progress) => {
  try {
    onProgress(progress);
  } catch (cause) {
    throw new RerankError("invalid_request", "onProgress: expected a function that returns, it threw", { cause });
  }
};

/** What a caller may hang on a load or a call. @param {Record<string, any>} hooks */
export function checkHooks({ signal, onProgress }) {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw invalidRequest(`signal: expected an AbortSignal, found ${typeName(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalidRequest(`onProgress: expected a function, found ${typeName(onProgress)}`);
  }
}

/**
 * @param {string} name @param {unknown} value undefined is fine
 * @param {{ above?: number, least?: number, most?: number, whole?: boolean }} range
 */
export function checkNumber(name, value, { above = -Infinity, least = -Infinity, most = Infinity, whole }) {
  if (value === undefined) return;
  // Written so that NaN fails.
  const inRange = typeof value === "number" && (value > above || above === -Infinity) && value >= least && value <= most;
  if (inRange && (!whole || Number.isInteger(value))) return;
  const range = above > -Infinity ? ` above ${above}` : least > -Infinity ? ` from ${least}${most < Infinity ? ` to ${most}` : ""}` : "";
  throw invalidRequest(`${name}: expected a ${whole ? "whole " : ""}number${range}, found ${typeof value === "number" ? value : typeName(value)}`);
}

/** @param {Record<string, any>} fields undefined is fine @param {Record<string, string>} types */
export function checkTypes(fields, types) {
  for (const [name, type] of Object.entries(types)) {
    const value = fields[name];
    if (value !== undefined && typeof value !== type) throw invalidRequest(`${name}: expected a ${type}, found ${typeName(value)}`);
  }
}

/** @param {any} object @param {readonly string[]} names @returns {Record<string, any>} each field read once, and only if set */
export function pick(object, names) {
  const read = names.map((name) => [name, object[name]]);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/** @param {unknown} value */
export function typeName(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}
