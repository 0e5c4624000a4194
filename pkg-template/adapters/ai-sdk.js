// @ts-check
// Vercel AI SDK: a reranking model for `rerank()` of versions 6 and 7.
//
// The object says "v3", which both take. It is a plain object with closures, neither frozen nor with private fields: version
// 7 wraps it in a Proxy.

import { invalidRequest, isRerankError } from "../error.js";
import { pick, typeName } from "../request.js";
import { requestOptions } from "./request-options.js";

/** Where this package's options stand in `providerOptions`, and what it tells in `providerMetadata`. */
const PROVIDER = "rerank-wasm";
/** Options that may stand in `providerOptions`, beside `rankFields`, which is read here. */
const PROVIDER_OPTIONS = /** @type {const} */ (["maxChunksPerDoc", "overlapTokens", "minScore", "minScoreRatio", "user", "timeoutMs"]);

/** @param {any} reranker @param {any} [options] */
export function rerankingModel(reranker, options = {}) {
  // Retries are the SDK's own: two sets of them would multiply.
  /** @type {Record<string, any>} */
  const request = { ...requestOptions("rerankingModel", reranker, options), maxRetries: 0 };
  const { modelId = PROVIDER } = options;
  return {
    specificationVersion: /** @type {const} */ ("v3"),
    provider: PROVIDER,
    modelId,
    /** @param {any} call */
    async doRerank({ documents, query, topN, abortSignal, providerOptions, headers }) {
      const given = providerOptions?.[PROVIDER] ?? {};
      const { texts, warnings } = readDocuments(documents, given.rankFields);
      const asked = { ...request, ...pick(given, PROVIDER_OPTIONS), ...pick({ topN, signal: abortSignal }, ["topN", "signal"]) };
      const wire = { ...asked, query, documents: texts, returnDocuments: false, headers: { ...request.headers, ...defined(headers) } };
      const response = await reranker.rerank(wire).catch((/** @type {unknown} */ error) => {
        throw asCallError(error);
      });
      return {
        ranking: response.results.map((/** @type {any} */ { index, relevanceScore }) => ({ index, relevanceScore })),
        warnings: [...warnings, ...unknownOptions(given), ...response.warnings.map((/** @type {any} */ { message }) => ({ type: "other", message }))],
        providerMetadata: { [PROVIDER]: plainJson({ provider: response.provider, usage: response.usage }) },
        response: {
          modelId: response.model,
          ...(response.id === undefined ? {} : { id: response.id }),
          ...(response.created === undefined ? {} : { timestamp: new Date(response.created * 1000) }),
          ...pick(response.response ?? {}, ["headers", "body"]),
        },
      };
    },
  };
}

/**
 * @param {{ type: "text" | "object", values: any[] }} documents @param {readonly string[] | undefined} rankFields
 * @returns {{ texts: string[], warnings: object[] }}
 */
function readDocuments({ type, values }, rankFields) {
  if (type === "text") return { texts: values, warnings: [] };
  if (rankFields && !Array.isArray(rankFields)) throw invalidRequest(`rankFields: expected an array of names, found ${typeName(rankFields)}`);
  if (rankFields) return { texts: values.map((value) => rankFields.map((field) => textOf(value?.[field])).filter(Boolean).join("\n")), warnings: [] };
  const isNamed = values.every((value) => typeof value?.text === "string");
  if (isNamed) return { texts: values.map(({ text }) => text), warnings: [] };
  const details = `objects without text are ranked as JSON; name what counts in providerOptions["${PROVIDER}"].rankFields`;
  return { texts: values.map((value) => JSON.stringify(value)), warnings: [{ type: "compatibility", feature: "object documents", details }] };
}

/** @param {unknown} value of a document's field */
const textOf = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** @param {Record<string, unknown>} given */
function unknownOptions(given) {
  const known = new Set(["rankFields", ...PROVIDER_OPTIONS]);
  return Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => ({ type: "unsupported", feature: `providerOptions["${PROVIDER}"].${name}` }));
}

/**
 * The same error, which the SDK now knows for a failed call: only those it tries again, and waits as long as they say.
 * @param {unknown} error
 */
function asCallError(error) {
  if (!isRerankError(error)) return error;
  const { retryable, status, retryAfterMs } = /** @type {any} */ (error);
  return Object.assign(error, {
    [Symbol.for("vercel.ai.error")]: true,
    [Symbol.for("vercel.ai.error.AI_APICallError")]: true,
    isRetryable: retryable,
    statusCode: status,
    responseHeaders: retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) },
  });
}

/** @param {Record<string, string | undefined>} [headers] */
const defined = (headers = {}) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

/** Without what is undefined, as the SDK's types ask. @param {object} value */
const plainJson = (value) => JSON.parse(JSON.stringify(value));
