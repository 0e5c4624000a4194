// @ts-check
// A server that holds both APIs' contracts: every field of a request is checked by name and type, unknown ones are
// refused, and the pages' own replies come back. Errors come in the services' own shapes.
//
// A path that begins with /plan/<id>/<names> answers by plan: each request takes the next of the comma-separated names, a
// failure or a fault, and after the last one all is well. /seen/<id> tells what the plan's requests carried.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

import { ACCESS_KEYS, ACCESS_TOKEN, APP_KEYS, BEARER_KEY, DMXAPI_KEY, SESSION_TOKEN } from "./remote-fixtures.mjs";

const golden = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));

const DMXAPI_REPLY = golden("dmxapi/page.reply");
const QIANFAN_REPLY = golden("qianfan/page.reply");

/** Scores of the pages' examples, by document. @type {Map<string, number>} */
const PAGE_SCORES = new Map();
for (const name of ["dmxapi/page", "qianfan/page"]) {
  const { documents } = golden(`${name}.request`).body;
  for (const { index, relevance_score } of golden(`${name}.reply`).results) PAGE_SCORES.set(documents[index], relevance_score);
}

/** Field → type; `?` may be missing. */
const DMXAPI_FIELDS = {
  model: "string", query: "string", documents: "strings", top_n: "count?", return_documents: "boolean?",
  max_chunks_per_doc: "count?", overlap_tokens: "overlap?",
};
const QIANFAN_V1_FIELDS = { query: "string", documents: "strings", top_n: "count?", user_id: "string?" };
const QIANFAN_V2_FIELDS = { model: "string", query: "string", documents: "strings", top_n: "count?", user: "string?" };

/** @type {Record<string, (value: any) => boolean>} */
const CHECKS = {
  string: (value) => typeof value === "string" && value.length > 0,
  strings: (value) => Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === "string" && entry.length > 0),
  count: (value) => Number.isInteger(value) && value >= 1,
  boolean: (value) => typeof value === "boolean",
  overlap: (value) => Number.isInteger(value) && value >= 0 && value <= 80,
};

/** @param {any} body @param {Record<string, string>} fields @returns {string | undefined} what is wrong */
function violation(body, fields) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "body is no object";
  for (const key of Object.keys(body)) if (!(key in fields)) return `unknown field ${key}`;
  for (const [key, type] of Object.entries(fields)) {
    if (body[key] === undefined ? !type.endsWith("?") : !CHECKS[type.replace("?", "")](body[key])) return `field ${key} is not ${type}`;
  }
  return undefined;
}

/** The page's score for its own documents; for others a number that depends on nothing but the text. @param {string} document */
function score(document) {
  let hash = 7;
  for (const character of document) hash = (hash * 31 + character.codePointAt(0)) % 100_003;
  return PAGE_SCORES.get(document) ?? hash / 100_003;
}

/** @param {any} body @param {(document: string) => any} echo */
function results(body, echo) {
  const all = body.documents.map((document, index) => ({ ...echo(document), index, relevance_score: score(document) }));
  return all.sort((a, b) => b.relevance_score - a.relevance_score).slice(0, body.top_n);
}

const json = (status, body, headers = {}) => ({ status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
const dmxapiError = (status, code, message, headers) => json(status, { error: { message, type: "rix_api_error", param: "", code } }, headers);
const qianfanError = (code, message) => json(200, { error_code: code, error_msg: message, id: "as-contract-error" });
const v2Error = (status, code, message) => json(status, { error: { code, message, type: "contract" }, id: "as-contract-v2" });

/** @param {any} request @param {any} body */
function dmxapi(request, body) {
  const key = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  if (key !== DMXAPI_KEY) return dmxapiError(401, "", "Invalid Token (request id: 20251117contract)");
  const wrong = violation(body, DMXAPI_FIELDS);
  if (wrong) return dmxapiError(400, "invalid_request", wrong);
  const echo = body.return_documents ? (document) => ({ document: { text: document } }) : () => ({});
  return json(200, { ...DMXAPI_REPLY, results: results(body, echo) });
}

/** @param {any} request @param {any} body @param {URL} url */
function qianfanV1(request, body, url) {
  if (request.headers.authorization?.startsWith("bce-auth-v1/")) {
    const refused = unsigned(request, url);
    if (refused) return refused;
  } else {
    const token = url.searchParams.get("access_token");
    if (token !== ACCESS_TOKEN && !sold.has(token)) return qianfanError(110, "Access token invalid or no longer valid");
    if ([...url.searchParams.keys()].length !== 1) return qianfanError(336001, "unknown query parameter");
    if (request.headers.authorization !== undefined) return qianfanError(336001, "Authorization beside access_token");
  }
  const wrong = violation(body, QIANFAN_V1_FIELDS) ?? (body.documents.length > 64 ? "more than 64 documents" : undefined);
  if (wrong) return qianfanError(336003, wrong);
  return json(200, { ...QIANFAN_REPLY, results: results(body, (document) => ({ document })) });
}

/** Tokens the OAuth endpoint has sold. @type {Set<string | null>} */
const sold = new Set();

/** The OAuth endpoint: parameters in the address, body ignored. @param {any} request @param {URL} url */
function tokens(request, url) {
  const refused = (/** @type {string} */ error, /** @type {string} */ error_description) => json(401, { error, error_description });
  const parameters = Object.fromEntries(url.searchParams);
  if (parameters.grant_type !== "client_credentials") return refused("unsupported_grant_type", "The authorization grant type is not supported");
  if (Object.keys(parameters).length !== 3 || request.headers["content-type"] !== "application/json") return refused("invalid_request", "unexpected");
  if (parameters.client_id !== APP_KEYS.apiKey) return refused("invalid_client", "unknown client id");
  if (parameters.client_secret !== APP_KEYS.secretKey) return refused("invalid_client", "Client authentication failed");
  const access_token = `24.sold/${sold.size}+${Math.random()}`;
  sold.add(access_token);
  return json(200, { access_token, expires_in: 2_592_000, refresh_token: "25.r", scope: "public", session_key: "k", session_secret: "s" });
}

const encoded = (/** @type {string} */ value) => encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** What the gateway answers to a signature that is not right: checked by an implementation of its own. @param {any} request @param {URL} url */
function unsigned(request, url) {
  const gateway = (/** @type {number} */ status, /** @type {string} */ code) => json(status, { code, message: code, requestId: "contract-gateway" });
  const [prefix, keyId, time, goodFor, names, signature] = request.headers.authorization.split("/");
  if (keyId !== ACCESS_KEYS.accessKeyId) return gateway(403, "InvalidAccessKeyId");
  if (url.searchParams.has("access_token") || request.headers["x-bce-date"] !== time) return gateway(400, "InvalidHTTPAuthHeader");
  const signed = names.split(";");
  const session = request.headers["x-bce-security-token"];
  if (!signed.includes("host") || !signed.includes("x-bce-date") || signed.includes("x-bce-security-token") !== (session !== undefined)) return gateway(400, "InvalidHTTPAuthHeader");
  if (session !== undefined && session !== SESSION_TOKEN) return gateway(403, "AccessDenied");
  const hmac = (/** @type {string} */ key, /** @type {string} */ message) => createHmac("sha256", key).update(message).digest("hex");
  const query = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort().join("&");
  const headers = signed.map((/** @type {string} */ name) => `${name}:${encoded(request.headers[name])}`).sort().join("\n");
  const path = decodeURIComponent(new URL(request.url, "http://loopback").pathname).split("/").map(encoded).join("/");
  const canonical = [request.method, path, query, headers].join("\n");
  const signingKey = hmac(ACCESS_KEYS.secretAccessKey, [prefix, keyId, time, goodFor].join("/"));
  if (hmac(signingKey, canonical) !== signature) return gateway(400, "SignatureDoesNotMatch");
  return Math.abs(Date.now() - Date.parse(time)) > Number(goodFor) * 1000 ? gateway(400, "RequestExpired") : undefined;
}

/** @param {any} request @param {any} body */
function qianfanV2(request, body) {
  if (request.headers.authorization !== `Bearer ${BEARER_KEY}`) return v2Error(401, "invalid_iam_token", "IAM Certification failed");
  const wrong = violation(body, QIANFAN_V2_FIELDS);
  if (wrong) return v2Error(400, "invalid_argument", wrong);
  return json(200, { ...QIANFAN_REPLY, model: body.model, results: results(body, (document) => ({ document })) });
}

/** Errors as they are documented, and replies that are wrong in themselves. @type {Record<string, (sent: string, request: any) => any>} */
const FAILURES = {
  invalid_token: () => dmxapiError(401, "", "Invalid Token (request id: 20251117fail)"),
  exhausted: () => dmxapiError(401, "", "Token amount has been exhausted, RemainQuota = 0 (request id: 20251117quota)"),
  limit_error: () => dmxapiError(500, "rate_limit", "limit_error"),
  saturated: () => dmxapiError(429, "RateLimitReached", "当前分组上游负载已饱和"),
  wait_long: () => dmxapiError(429, null, "", { "retry-after": "3600" }),
  wait_ms: () => dmxapiError(429, null, "", { "retry-after-ms": "30" }),
  wait_some: () => dmxapiError(429, null, "", { "retry-after": "20" }),
  unknown_model: () => dmxapiError(503, "", "no channel for this model"),
  qps: () => qianfanError(18, "Open api qps request limit reached"),
  // The gateway's clock is an hour ahead.
  late: () => json(400, { code: "RequestExpired", message: "Request has expired", requestId: "contract-late" }, { date: new Date(Date.now() + 3_600_000).toUTCString() }),
  expired: () => qianfanError(111, "Access token expired"),
  internal: () => qianfanError(336000, "Internal error"),
  daily: () => qianfanError(17, "Open api daily request limit reached"),
  limiter: () => json(200, { code: 336501, msg: "Rate limit reached for RPM" }),
  overdue: () => v2Error(403, "account_overdue", "overdue"),
  html: () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<html>hello</html>" }),
  bad_gateway: () => ({ status: 502, headers: { "content-type": "text/html" }, body: "<html>bad gateway</html>" }),
  truncated: () => ({ status: 200, headers: { "content-type": "application/json" }, body: '{"results":[{"index":0,' }),
  invalid_utf8: () => ({ status: 200, headers: { "content-type": "application/json" }, body: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }),
  deep: () => ({ status: 200, headers: {}, body: "[".repeat(100_000) + "]".repeat(100_000) }),
  empty: () => ({ status: 200, headers: {}, body: "" }),
  redirect: () => ({ status: 307, headers: { location: "/stolen" }, body: "" }),
  index_out_of_range: () => json(200, { results: [{ index: 99, relevance_score: 0.5 }] }),
  index_twice: () => json(200, { results: [{ index: 0, relevance_score: 0.5 }, { index: 0, relevance_score: 0.4 }] }),
  no_score: () => json(200, { results: [{ index: 0, relevance_score: null }] }),
  no_results: () => json(200, { ok: true }),
  no_usage: () => json(200, { results: [{ index: 0, relevance_score: 0.5 }] }),
  odd_echo: () => json(200, { results: [{ index: 0, relevance_score: 0.5, document: { text: "something else" } }] }),
  proto: () => json(200, JSON.parse('{"results":[{"index":0,"relevance_score":0.5}],"__proto__":{"x":1},"usage":{"prompt_tokens":1,"total_tokens":2,"__proto__":{"y":2}}}')),
  // A service that repeats everything it was sent, key included.
  parrot: (sent, request) => dmxapiError(400, "invalid_request", `refused: ${request.headers.authorization} ${request.url} ${sent}`),
  parrot_v1: (sent, request) => json(200, { error_code: 336003, error_msg: `refused: ${request.url} ${sent}`, id: request.url }),
};

/** @type {Map<string, { plan: string[], seen: any[] }>} */
const plans = new Map();

/** @param {any} request @param {any} response */
async function handle(request, response) {
  const url = new URL(request.url, "http://loopback");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const sent = Buffer.concat(chunks).toString();
  const [, first, id, names] = url.pathname.split("/");
  const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-expose-headers": "*" };
  if (request.method === "OPTIONS") return end(response, { status: 204, headers: cors, body: "" });
  if (first === "seen") return end(response, json(200, plans.get(id)?.seen ?? [], cors));
  let reply;
  if (first === "plan") {
    if (!plans.has(id)) plans.set(id, { plan: names.split(","), seen: [] });
    const plan = plans.get(id);
    plan.seen.push({ url: request.url, headers: request.headers, body: sent });
    const next = plan.plan.shift();
    if (next === "hang") return undefined;
    if (next === "reset") return request.socket.destroy();
    if (next === "half") {
      response.writeHead(200, { "content-type": "application/json", ...cors });
      return response.write('{"results":');
    }
    if (next === "slow") await new Promise((resolve) => setTimeout(resolve, 50));
    else if (next === "drip" || next === "short" || next === "over") return oddly(next, response, answer(request, url, sent), cors);
    else if (next && next !== "ok") reply = FAILURES[next](sent, request);
  }
  reply ??= answer(request, url, sent);
  return end(response, { ...reply, headers: { ...reply.headers, ...cors } });
}

/** A good reply in pieces, or one whose length is not what it says. @param {"drip" | "short" | "over"} how @param {any} response @param {any} reply @param {any} cors */
async function oddly(how, response, { status, headers, body }, cors) {
  const bytes = Buffer.from(body);
  const length = { drip: bytes.length, short: bytes.length + 9, over: bytes.length - 9 }[how];
  response.writeHead(status, { ...headers, ...cors, connection: "close", "content-length": length });
  for (let at = 0; at < bytes.length; at += 64) {
    response.write(bytes.subarray(at, at + 64));
    if (how === "drip") await new Promise((resolve) => setImmediate(resolve));
  }
  if (how === "drip") response.end();
  else response.socket.end();
}

/** @param {any} request @param {URL} url @param {string} sent */
function answer(request, url, sent) {
  if (request.method !== "POST") return json(405, { error: { code: "method_not_supported", message: "POST only" } });
  if (url.pathname.endsWith("/oauth/2.0/token")) return tokens(request, url);
  if (request.headers["content-type"] !== "application/json") return json(415, { error: { code: "", message: "expected application/json" } });
  let body;
  try {
    body = JSON.parse(sent);
  } catch {
    return json(400, { error: { code: "malformed_json", message: "no JSON" } });
  }
  if (url.pathname.endsWith("/v1/rerank")) return dmxapi(request, body);
  if (url.pathname.endsWith("/bce_reranker_base")) return qianfanV1(request, body, url);
  if (url.pathname.endsWith("/v2/rerank")) return qianfanV2(request, body);
  return json(404, { error: { code: "", message: "no such path" } });
}

/** @param {any} response @param {{ status: number, headers: any, body: any }} reply */
function end(response, { status, headers, body }) {
  response.writeHead(status, headers);
  response.end(body);
}

/** @returns {Promise<{ baseUrl: string, close: () => Promise<void>, connections: () => Promise<number> }>} */
export async function startContractServer(port = 0) {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {any} */ (server.address());
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve(undefined));
    }),
  };
}

// By itself: `node contract-server.mjs [port]`.
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { baseUrl } = await startContractServer(Number(process.argv[2] ?? 8787));
  console.log(`contract server on ${baseUrl}`);
}
